using System.Text;
using CsCheck;
using Keyferry.Model;

namespace Keyferry.Tests.Model;

public sealed class KeyRenameTests
{
    [Theory]
    [InlineData("old:=new:", "old:1", "new:1")]
    [InlineData("old:=new:", "other", "other")]
    [InlineData("old:=", "old:1", "1")]
    [InlineData("=app:", "k", "app:k")]
    [InlineData("a=b", "a", "b")]
    public void A_prefix_becomes_another_one_and_leads_back(string rule, string name, string renamed)
    {
        var halves = rule.Split('=');
        var names = Names(new PrefixRename(halves[0], halves[1]));

        Assert.Equal(renamed, OnTarget(names, name));
        Assert.Equal(name, OnSource(names, renamed));
    }

    [Theory]
    [InlineData(@"^(.*):v(\d+)$", "$2:$1", "user:7:v3", "3:user:7")]
    [InlineData("user:([0-9]+)", "u:{$1}", "user:42", "u:{42}")]
    [InlineData("user:([0-9]+)", "u:{$1}", "user:x", "user:x")]
    [InlineData(@"a\.(.+)", "$$$1$1", "a.b", "$bb")]
    [InlineData("([^:]*):([^:]*)", "$2/$1", "a:b", "b/a")]
    [InlineData("(?:x)?", "y", "k", null)]
    [InlineData("é:(.*)", "e:$1", "é:ü", "e:ü")]
    [InlineData("(a|(?:b|c)+)!", "$1?", "bcb!", "bcb?")]
    public void An_expression_puts_names_together_anew(string pattern, string replacement, string name, string? renamed)
    {
        if (renamed is null)
        {
            Assert.Equal(FailureKind.Usage, Assert.Throws<KeyferryException>(() => new PatternRename(pattern, replacement)).Kind);
            return;
        }

        var names = Names(new PatternRename(pattern, replacement));

        Assert.Equal(renamed, OnTarget(names, name));
        Assert.Equal(name, OnSource(names, renamed));
    }

    [Theory]
    [InlineData(@"user:\d+:(.*)", "u:$1", "outside")]
    [InlineData("user.(.*)", "u:$1", "outside")]
    [InlineData("(.*):(.*)", "$1", "$2")]
    [InlineData("(.*)", "$2", "no group")]
    [InlineData("(.*)", "$", "no group")]
    [InlineData("(a(b))", "$1", "within")]
    [InlineData("(?<n>a)", "$1", "special")]
    [InlineData("(a", "$1", "not end")]
    [InlineData("([)", "$1", "not end")]
    [InlineData("(*)", "$1", "regular expression")]
    [InlineData(@"((?=a))", "$1", "within")]
    [InlineData("(a)*", "$1", "outside")]
    public void An_expression_that_would_lose_a_part_of_a_name_is_refused(string pattern, string replacement, string says)
    {
        var refused = Assert.Throws<KeyferryException>(() => new PatternRename(pattern, replacement));

        Assert.Equal(FailureKind.Usage, refused.Kind);
        Assert.Contains(says, refused.Saw, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_is_not_moved_where_another_one_could_get_its_name()
    {
        var names = Names(new PrefixRename("old:", "new:"));

        Assert.Null(OnTarget(names, "new:1"));
        Assert.Equal("new:1", OnTarget(names, "old:1"));
        Assert.Equal("old:1", OnSource(names, "new:1"));
        // What is called so on the target can only be a key that keeps its name, and none may.
        Assert.Null(OnSource(names, "old:1"));
    }

    [Fact]
    public void What_is_not_chosen_takes_nobody_s_name()
    {
        var names = new KeyNames(["new:*"], [], slots: null, [new PrefixRename("old:", "new:")]);

        Assert.Equal("new:1", OnTarget(names, "new:1"));
        Assert.Equal("new:1", OnSource(names, "new:1"));
    }

    [Fact]
    public void Names_of_Keyferry_s_own_are_given_to_nobody() => Assert.Null(OnTarget(Names(new PrefixRename("k", "keyferry:{k")), "key"));

    [Fact]
    public void The_first_rule_that_speaks_of_a_name_holds()
    {
        var names = Names(new PrefixRename("a:", "b:"), new PrefixRename("b:", "a:"));

        Assert.Equal("b:1", OnTarget(names, "a:1"));
        Assert.Equal("a:1", OnTarget(names, "b:1"));
        Assert.Equal("b:1", OnSource(names, "a:1"));
    }

    [Fact]
    public void Read_backwards_the_same_rules_lead_the_other_way()
    {
        var names = new KeyNames(["old:*"], [], slots: null, [new PrefixRename("old:", "new:")]);
        var back = names.Reversed();

        Assert.True(back.Cover("new:1"u8));
        Assert.False(back.Cover("old:1"u8));
        Assert.Equal("old:1", OnTarget(back, "new:1"));
        Assert.Equal("new:1", OnSource(back, "old:1"));
        Assert.NotEqual(names.Text, back.Text);
        Assert.Same(KeyNames.All, KeyNames.All.Reversed());
    }

    /// <summary>Names of few letters, under rules that make them collide as often as they can: no two ever get one name.</summary>
    [Fact]
    public void No_two_keys_get_one_name()
    {
        KeyNames[] rules =
        [
            Names(new PrefixRename("a", "b")),
            Names(new PrefixRename("a", "")),
            Names(new PrefixRename("", "ab")),
            Names(new PrefixRename("ab", "b"), new PrefixRename("a", "ab")),
            Names(new PatternRename("(.*)a(.*)", "$2b$1")),
            Names(new PatternRename("a(.*)b(.*)", "$1$2")),
            Names(new PatternRename("(a*)(b*)", "$2$1"), new PrefixRename("b", "c")),
            new KeyNames(["a*"], ["ab*"], slots: null, [new PatternRename("(.)(.*)", "$2$1$1")]),
        ];
        Gen.Select(
                Gen.Int[0, rules.Length - 1].Select(index => rules[index]),
                Gen.Char["abc"].Array[0, 5].Select(static letters => new string(letters)).HashSet[1, 40]
            )
            .Sample(
                (names, keys) =>
                {
                    var chosen = keys.Where(key => names.Cover(Encoding.UTF8.GetBytes(key))).ToList();
                    var renamed = chosen
                        .Select(key => (Key: key, Name: OnTarget(names, key)))
                        .Where(static pair => pair.Name is not null)
                        .ToList();
                    Assert.Equal(renamed.Count, renamed.DistinctBy(static pair => pair.Name).Count());
                    Assert.All(renamed, pair => Assert.Equal(pair.Key, OnSource(names, pair.Name ?? "")));
                    var back = names.Reversed();
                    Assert.All(
                        keys,
                        key =>
                            Assert.Equal(
                                OnSource(names, key) is { } origin && OnTarget(names, origin) == key,
                                back.Cover(Encoding.UTF8.GetBytes(key))
                                    && OnTarget(back, key) is not null
                                    && OnSource(back, OnTarget(back, key) ?? "") == key
                            )
                    );
                },
                iter: 20_000,
                threads: 1
            );
    }

    private static KeyNames Names(params KeyRename[] rules) => new([], [], slots: null, rules);

    private static string? OnTarget(KeyNames names, string name) =>
        names.OnTarget(Encoding.UTF8.GetBytes(name)) is { } renamed ? Encoding.UTF8.GetString(renamed) : null;

    private static string? OnSource(KeyNames names, string name) =>
        names.OnSource(Encoding.UTF8.GetBytes(name)) is { } origin ? Encoding.UTF8.GetString(origin) : null;
}
