using Keyferry.Model;

namespace Keyferry.Tests.Model;

public class PhaseTableTests
{
    [Fact]
    public void Every_phase_has_its_arrows() => Assert.Equal(Enum.GetValues<Phase>().Order(), PhaseTable.Arrows.Keys.Order());

    [Fact]
    public void Every_phase_can_be_reached_and_can_end()
    {
        foreach (var phase in Enum.GetValues<Phase>())
        {
            Assert.Contains(phase, From(Phase.Planned));
            Assert.Contains(From(phase), end => end is Phase.Completed or Phase.Aborted);
        }
    }

    [Fact]
    public void Nothing_leaves_the_end() => Assert.All([Phase.Completed, Phase.Aborted], end => Assert.Empty(PhaseTable.Arrows[end]));

    [Fact]
    public void Until_the_switch_a_run_can_be_aborted()
    {
        foreach (var phase in Enum.GetValues<Phase>().Where(phase => phase < Phase.Switching))
        {
            Assert.True(PhaseTable.Allows(phase, Phase.Aborted), phase.ToString());
        }
    }

    private static HashSet<Phase> From(Phase start)
    {
        var seen = new HashSet<Phase> { start };
        var open = new Stack<Phase>([start]);
        while (open.TryPop(out var phase))
        {
            foreach (var next in PhaseTable.Arrows[phase].Where(seen.Add))
            {
                open.Push(next);
            }
        }

        return seen;
    }
}
