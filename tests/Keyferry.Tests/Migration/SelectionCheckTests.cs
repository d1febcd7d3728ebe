using Keyferry.Migration;
using Keyferry.Model;

namespace Keyferry.Tests.Migration;

public sealed class SelectionCheckTests
{
    private static readonly MigrationOptions _options = new()
    {
        Source = new Endpoint { Host = "old" },
        Target = new Endpoint { Host = "new" },
    };

    [Fact]
    public void Replicas_are_read_only_where_both_sides_are_compared_in_the_end()
    {
        SelectionCheck.Throw(_options with { SourceReads = SourceReads.Replica });
        SelectionCheck.Throw(_options with { Verify = false });

        var refused = Assert.Throws<KeyferryException>(() =>
            SelectionCheck.Throw(_options with { SourceReads = SourceReads.Replica, Verify = false })
        );

        Assert.Equal(FailureKind.Usage, refused.Kind);
        Assert.Contains("--no-verify", refused.Remedy, StringComparison.Ordinal);
    }
}
