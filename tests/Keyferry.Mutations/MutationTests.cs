using System.Globalization;

namespace Keyferry.Mutations;

/// <summary>Each invariant has a test that fails when the code that keeps it is taken out.</summary>
public sealed class MutationTests(Workshop workshop, ITestOutputHelper output) : IClassFixture<Workshop>
{
    /// <summary>The environment variable that asks for a part of the list: the mutations whose title holds its value, or those at places such as <c>11-20</c>.</summary>
    private const string OnlyVariable = "KEYFERRY_MUTATION";

    public static TheoryData<string> Titles =>
        [.. Chosen(Environment.GetEnvironmentVariable(OnlyVariable) ?? "").Select(static mutation => mutation.Title)];

    [Fact]
    public void Every_mutation_fits_the_sources() =>
        Assert.All(
            MutationList.All,
            mutation =>
                Assert.NotEqual(
                    workshop.Read($"src/Keyferry/{mutation.File}"),
                    mutation.Apply(workshop.Read($"src/Keyferry/{mutation.File}"))
                )
        );

    [Fact]
    public void Every_invariant_has_a_mutation() =>
        Assert.Equal(
            workshop
                .Read("docs/invariants.md")
                .Split('\n')
                .Where(static line => line.Length > 0 && char.IsDigit(line[0]))
                .Select(static line =>
                    int.Parse(line.AsSpan(0, line.IndexOf('.', StringComparison.Ordinal)), CultureInfo.InvariantCulture)
                ),
            MutationList.All.Select(static mutation => mutation.Invariant).Distinct().Order()
        );

    [Fact]
    public void A_text_that_stands_nowhere_or_twice_is_no_mutation()
    {
        var mutation = MutationList.All[0] with { Text = "keeps(it)", Instead = "" };

        Assert.Equal("a; ; b", mutation.Apply("a; keeps(it); b"));
        Assert.Throws<InvalidOperationException>(() => mutation.Apply("a; b"));
        Assert.Throws<InvalidOperationException>(() => mutation.Apply("keeps(it); keeps(it);"));
    }

    /// <summary>The code that keeps the invariant is taken out: the named test, which passes otherwise, fails.</summary>
    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Titles))]
    public void Named_test_fails_without_the_code_that_keeps_the_invariant(string title)
    {
        var mutation = MutationList.All.Single(one => one.Title == title);
        var before = workshop.RunUnchanged(mutation.Test);
        Assert.True(before is { Total: > 0, Failed: 0 }, $"{mutation.Test} does not pass with the engine as it is:\n{before.Output}");

        var after = workshop.RunChanged(mutation);

        Assert.True(after.Total > 0, $"{mutation.Test} did not come to its end with the changed engine:\n{after.Output}");
        Assert.True(after.Failed > 0, $"{mutation.Test} does not notice \"{title}\":\n{after.Output}");
        output.WriteLine($"{mutation.Test}: {after.Failed} of {after.Total} failed");
    }

    private static IEnumerable<Mutation> Chosen(string wanted) =>
        wanted.Split('-') is [var from, var to]
        && int.TryParse(from, CultureInfo.InvariantCulture, out var first)
        && int.TryParse(to, CultureInfo.InvariantCulture, out var last)
            ? MutationList.All.Take(last).Skip(first - 1)
            : MutationList.All.Where(mutation => mutation.Title.Contains(wanted, StringComparison.Ordinal));
}
