using System.Text.RegularExpressions;

namespace Keyferry.Architecture;

/// <summary>What the documents point to is there.</summary>
public sealed partial class DocumentTests
{
    [Fact]
    public void Links_between_documents_lead_somewhere()
    {
        var broken = Repository.Documents().SelectMany(static path => BrokenLinks(path, Repository.Text(path), Repository.Holds)).ToList();
        Assert.True(broken.Count == 0, string.Join('\n', broken));
    }

    [Fact]
    public void Broken_link_is_found()
    {
        const string Text = "[a](there.md#part) [b](../gone.md) [c](https://example.org/x) [d](#here)\n[e](sub/)";
        var broken = BrokenLinks("docs/page.md", Text, static path => path is "docs/there.md" or "docs/sub");
        Assert.Equal(["docs/page.md: gone.md"], broken);
    }

    private static IEnumerable<string> BrokenLinks(string page, string text, Func<string, bool> exists) =>
        from link in Link().Matches(text)
        let target = link.Groups["target"].Value.Split('#')[0]
        where target.Length > 0 && !target.Contains("://", StringComparison.Ordinal)
        let path = Path.GetRelativePath("/", Path.GetFullPath(Path.Combine("/", Path.GetDirectoryName(page) ?? "", target))).TrimEnd('/')
        where !exists(path)
        select $"{page}: {path}";

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Link();
}
