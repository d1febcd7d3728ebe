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

    [Fact]
    public void The_document_shows_the_same_table()
    {
        var shown = File.ReadAllLines(Path.Combine(Root(), "docs", "reference", "phases.md"))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => Enum.TryParse<Phase>(cells[1], out _))
            .ToDictionary(cells => cells[1], cells => cells[3] == "-" ? "" : cells[3]);
        Assert.Equal(PhaseTable.Arrows.ToDictionary(entry => entry.Key.ToString(), entry => string.Join(", ", entry.Value)), shown);
    }

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Keyferry.slnx")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("not inside the repository");
        }

        return folder;
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
