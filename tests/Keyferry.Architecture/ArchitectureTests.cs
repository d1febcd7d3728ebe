namespace Keyferry.Architecture;

/// <summary>Holds the sources of this repository to docs/architecture.md. <see cref="RuleTests"/> shows that each rule can fail.</summary>
public sealed class ArchitectureTests
{
    private static readonly Lazy<IReadOnlyList<SourceFile>> _sources = new(Repository.Sources);
    private static readonly Lazy<IReadOnlyList<SourceFile>> _all = new(Repository.SourcesAndTests);
    private static readonly Lazy<References> _references = new(static () => References.Among(_sources.Value));
    private static readonly Lazy<EdgeTable> _table = new(static () => EdgeTable.Parse(Repository.Text("docs/architecture.md")));

    [Fact]
    public void Every_type_that_the_sources_name_is_resolved() => Holds(_references.Value.UnknownTypes());

    [Fact]
    public void Folders_use_only_what_the_table_allows() => Holds(LayoutRules.EdgesOutsideTheTable(_references.Value, _table.Value));

    [Fact]
    public void Every_folder_has_a_row() => Holds(LayoutRules.FoldersWithoutARow(_sources.Value, _table.Value));

    [Fact]
    public void Table_allows_no_cycle() => Holds(LayoutRules.TableCycles(_table.Value));

    [Fact]
    public void Folders_do_not_use_each_other() => Holds(LayoutRules.FolderCycles(_references.Value));

    [Fact]
    public void Files_do_not_use_each_other() => Holds(LayoutRules.FileCycles(_references.Value));

    [Fact]
    public void Namespace_is_the_folder() => Holds(LayoutRules.NamespacesBesideTheirFolder(_sources.Value));

    [Fact]
    public void Files_are_short() => Holds(FileRules.LongFiles(_all.Value));

    [Fact]
    public void Types_are_short() => Holds(FileRules.LongTypes(_sources.Value));

    [Fact]
    public void Functions_are_short() => Holds(FileRules.LongFunctions(_all.Value));

    [Fact]
    public void No_warning_is_switched_off_in_a_source() => Holds(FileRules.WarningsSwitchedOff(_all.Value));

    [Fact]
    public void No_nullability_warning_is_suppressed() => Holds(FileRules.SuppressedNullability(_sources.Value));

    [Fact]
    public void No_regions() => Holds(FileRules.Regions(_all.Value));

    [Fact]
    public void No_work_is_left_open_in_comments() => Holds(FileRules.WorkLeftOpen(_all.Value));

    [Fact]
    public void Long_files_explain_their_types() => Holds(FileRules.MissingSummaries(_sources.Value));

    private static void Holds(IEnumerable<string> breaches)
    {
        var found = breaches.ToList();
        Assert.True(found.Count == 0, string.Join('\n', found));
    }
}
