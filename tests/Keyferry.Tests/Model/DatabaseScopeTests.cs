using System.Text;
using CsCheck;
using Keyferry.Model;

namespace Keyferry.Tests.Model;

public sealed class DatabaseScopeTests
{
    private static readonly Dictionary<int, int> _together = new()
    {
        [0] = 0,
        [1] = 0,
        [2] = 0,
        [3] = 7,
    };

    private static readonly Dictionary<int, string> _prefixes = new() { [1] = "db1:", [2] = "db1:2:" };

    [Fact]
    public void Databases_go_together_under_prefixes()
    {
        var scope = new DatabaseScope(_together, KeyNames.All, _prefixes);

        Assert.Equal("k", OnTarget(scope, 0, "k"));
        Assert.Equal("db1:k", OnTarget(scope, 1, "k"));
        Assert.Equal("db1:2:k", OnTarget(scope, 2, "k"));
        Assert.False(scope.NamesOf(3).Rename);
        Assert.Equal([0, 1, 2], scope.SourcesOf(0));
        Assert.Equal([3], scope.SourcesOf(7));
        Assert.Empty(scope.SourcesOf(3));
        Assert.Equal("0:0 1:0:db1: 2:0:db1:2: 3:7", scope.Text);
    }

    /// <summary>A name that begins with the prefix of another database is that one's, whether it has such a key or not.</summary>
    [Theory]
    [InlineData(0, "db1:k")]
    [InlineData(0, "db1:2:k")]
    [InlineData(1, "2:k")]
    public void Two_keys_never_become_one(int database, string name) =>
        Assert.Null(OnTarget(new DatabaseScope(_together, KeyNames.All, _prefixes), database, name));

    [Fact]
    public void Names_are_chosen_and_renamed_before_the_prefix()
    {
        var names = new KeyNames(["user:*"], [], slots: null, [new PrefixRename("user:", "u:")]);
        var scope = new DatabaseScope(new Dictionary<int, int> { [1] = 0 }, names, new Dictionary<int, string> { [1] = "db1:" });

        Assert.Equal("db1:u:7", OnTarget(scope, 1, "user:7"));
        Assert.Equal("user:7", Encoding.UTF8.GetString(scope.NamesOf(1).OnSource("db1:u:7"u8) ?? []));
        Assert.Null(scope.NamesOf(1).OnSource("u:7"u8));
        Assert.Null(scope.NamesOf(1).OnSource("db1:user:7"u8));
        Assert.False(scope.Covers(1, "other"u8));
    }

    [Fact]
    public void Databases_that_nothing_tells_apart_are_refused()
    {
        var refused = Assert.Throws<KeyferryException>(() => new DatabaseScope(_together, KeyNames.All));

        Assert.Equal(FailureKind.Usage, refused.Kind);
        Assert.Contains("0 and 1 and 2 go into one, 0", refused.Saw, StringComparison.Ordinal);
        Assert.Contains("--databases 0:0:db0:,1:0:db1:,2:0:db2:", refused.Remedy, StringComparison.Ordinal);
    }

    /// <summary>Whatever the names: every name of the target leads back to one key of the source at most, and that is the one that is called so.</summary>
    [Fact]
    public void Every_name_of_the_target_is_one_key_of_the_source()
    {
        var scope = new DatabaseScope(_together, KeyNames.All, _prefixes);
        var names = Gen.Char["db12:"].Array[0, 8].Select(static letters => new string(letters));
        names.Sample(name =>
        {
            int[] owners =
            [
                .. scope.SourcesOf(0).Where(database => scope.NamesOf(database).OnSource(Encoding.UTF8.GetBytes(name)) is not null),
            ];
            Assert.Single(owners);
            foreach (var database in scope.SourcesOf(0))
            {
                if (OnTarget(scope, database, name) is { } there)
                {
                    int[] back =
                    [
                        .. scope.SourcesOf(0).Where(one => scope.NamesOf(one).OnSource(Encoding.UTF8.GetBytes(there)) is not null),
                    ];
                    Assert.Equal([database], back);
                }
            }
        });
    }

    private static string? OnTarget(DatabaseScope scope, int database, string name) =>
        scope.NamesOf(database).OnTarget(Encoding.UTF8.GetBytes(name)) is { } there ? Encoding.UTF8.GetString(there) : null;
}
