namespace Keyferry.Architecture;

/// <summary>Each rule is shown a planted breach, and the same source without it: a rule that cannot fail holds nothing.</summary>
public sealed class RuleTests
{
    private const string Table = """
        | folder | may use |
        | --- | --- |
        | Model | |
        | Resp | Model |
        | Queue | Model |
        | Migration | * |
        | Cli | * |
        """;

    [Theory]
    [InlineData("public sealed class Low { private Keyferry.Resp.High? _high; }")]
    [InlineData("public sealed class Low { public object? Made = new Keyferry.Resp.High(); }")]
    [InlineData("public sealed class Low { public int Read() { var text = Keyferry.Resp.High.Text; return text.Length; } }")]
    [InlineData("using Keyferry.Resp; public sealed class Low { public int Read() => \"\".Count3(); }")]
    [InlineData("/// <summary>See <see cref=\"Keyferry.Resp.High\"/>.</summary>\npublic sealed class Low;")]
    [InlineData("using Alias = Keyferry.Resp.High; public sealed class Low { public System.Func<Alias, int>? Map; }")]
    public void Edge_outside_the_table_is_found(string low)
    {
        var files = Sources(
            (
                "src/Keyferry/Resp/High.cs",
                "namespace Keyferry.Resp { public class High { public const string Text = \"\"; } public static class Longer { public static int Count3(this string s) => 3; } }"
            ),
            ("src/Keyferry/Model/Low.cs", low)
        );
        var breach = Assert.Single(LayoutRules.EdgesOutsideTheTable(References.Among(files), EdgeTable.Parse(Table)));
        Assert.StartsWith("src/Keyferry/Model/Low.cs:", breach, StringComparison.Ordinal);
        Assert.Contains("Model may not use Resp", breach, StringComparison.Ordinal);
    }

    [Fact]
    public void Edge_hidden_behind_var_and_target_typed_new_is_found()
    {
        var files = Sources(
            ("src/Keyferry/Queue/Keys.cs", "namespace Keyferry.Queue { public class Keys { public int Count; } }"),
            (
                "src/Keyferry/Migration/Run.cs",
                "namespace Keyferry.Migration { public class Run { public static Keyferry.Queue.Keys Open() => new(); } }"
            ),
            (
                "src/Keyferry/Resp/Line.cs",
                "namespace Keyferry.Resp { public class Line { public int Read() { var keys = Keyferry.Migration.Run.Open(); return keys.Count; } } }"
            )
        );
        var breaches = LayoutRules.EdgesOutsideTheTable(References.Among(files), EdgeTable.Parse(Table)).ToList();
        Assert.Contains(breaches, static breach => breach.Contains("Resp may not use Queue", StringComparison.Ordinal));
        Assert.Contains(breaches, static breach => breach.Contains("Resp may not use Migration", StringComparison.Ordinal));
        Assert.Equal(2, breaches.Count);
    }

    [Fact]
    public void Edge_inside_the_table_is_allowed_and_the_engine_may_not_use_the_program()
    {
        var table = EdgeTable.Parse(Table);
        Assert.True(table.Allows("Resp", "Model"));
        Assert.True(table.Allows("Migration", "Queue"));
        Assert.True(table.Allows("Cli", "Migration"));
        Assert.False(table.Allows("Model", "Resp"));
        Assert.False(table.Allows("Migration", "Cli"));
        Assert.False(table.Allows("Elsewhere", "Model"));
    }

    [Fact]
    public void Table_that_is_missing_or_names_an_unknown_folder_is_refused()
    {
        Assert.Throws<FormatException>(static () => EdgeTable.Parse("# no table"));
        Assert.Throws<FormatException>(static () => EdgeTable.Parse("| folder | may use |\n| --- | --- |\n| Model | Nowhere |"));
    }

    [Fact]
    public void Cycle_in_the_table_is_found() =>
        Assert.Single(
            LayoutRules.TableCycles(EdgeTable.Parse("| folder | may use |\n| --- | --- |\n| A | B |\n| B | C |\n| C | A |\n| D | A |"))
        );

    [Fact]
    public void Folder_without_a_row_is_found() =>
        Assert.Single(LayoutRules.FoldersWithoutARow(Sources(("src/Keyferry/New/X.cs", "")), EdgeTable.Parse(Table)));

    [Fact]
    public void Unknown_type_is_found()
    {
        Assert.Single(References.Among(Sources(("src/Keyferry/Model/X.cs", "class X { Missing? _x; }"))).UnknownTypes());
        Assert.Empty(References.Among(Sources(("src/Keyferry/Model/X.cs", "class X { Dictionary<int, Task>? _x; }"))).UnknownTypes());
    }

    [Fact]
    public void Cycle_between_folders_is_found()
    {
        var files = Sources(
            ("src/Keyferry/Model/A.cs", "namespace Keyferry.Model { class A { Keyferry.Resp.B? _b; } }"),
            ("src/Keyferry/Resp/B.cs", "namespace Keyferry.Resp { class B { Keyferry.Queue.C? _c; } }"),
            ("src/Keyferry/Queue/C.cs", "namespace Keyferry.Queue { class C { Keyferry.Model.D? _d; } }"),
            ("src/Keyferry/Model/D.cs", "namespace Keyferry.Model { class D; }")
        );
        Assert.Contains("Model, Queue, Resp", Assert.Single(LayoutRules.FolderCycles(References.Among(files))), StringComparison.Ordinal);
        Assert.Empty(LayoutRules.FileCycles(References.Among(files)));
    }

    [Fact]
    public void Cycle_between_files_is_found_and_parts_of_a_type_are_none()
    {
        var cycle = Sources(("src/Keyferry/Model/A.cs", "class A { B? _b; }"), ("src/Keyferry/Model/B.cs", "class B { A? _a; }"));
        var breach = Assert.Single(LayoutRules.FileCycles(References.Among(cycle)));
        Assert.Contains("A.cs:1 uses B", breach, StringComparison.Ordinal);

        var parts = Sources(
            ("src/Keyferry/Model/A.cs", "partial class A { void X() => Y(); A? _other; }"),
            ("src/Keyferry/Model/A.Log.cs", "partial class A { void Y() => X(); }")
        );
        Assert.Empty(LayoutRules.FileCycles(References.Among(parts)));
    }

    [Fact]
    public void Cycle_through_a_part_of_a_type_is_found()
    {
        var files = Sources(
            ("src/Keyferry/Model/A.cs", "partial class A { B? _b; }"),
            ("src/Keyferry/Model/A.Log.cs", "partial class A { public static int Level; }"),
            ("src/Keyferry/Model/B.cs", "class B { int X() => A.Level; }")
        );
        Assert.Single(LayoutRules.FileCycles(References.Among(files)));
    }

    [Fact]
    public void Namespace_beside_its_folder_is_found()
    {
        Assert.Single(LayoutRules.NamespacesBesideTheirFolder(Sources(("src/Keyferry/Model/A.cs", "namespace Keyferry.Resp;"))));
        Assert.Empty(LayoutRules.NamespacesBesideTheirFolder(Sources(("src/Keyferry.Cli/Output/A.cs", "namespace Keyferry.Cli.Output;"))));
    }

    [Fact]
    public void Long_file_is_found()
    {
        Assert.Single(FileRules.LongFiles(Sources(("src/Keyferry/Model/A.cs", Blank(FileRules.FileLines + 1)))));
        Assert.Empty(FileRules.LongFiles(Sources(("src/Keyferry/Model/A.cs", Blank(FileRules.FileLines)))));
    }

    [Fact]
    public void Long_type_is_found_over_all_its_parts()
    {
        var half = "partial class A {" + Blank(FileRules.TypeLines / 2) + "}";
        Assert.Empty(FileRules.LongTypes(Sources(("src/Keyferry/Model/A.cs", half))));
        var breach = Assert.Single(FileRules.LongTypes(Sources(("src/Keyferry/Model/A.cs", half), ("src/Keyferry/Model/A.Log.cs", half))));
        Assert.Contains("in 2 parts", breach, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("void F() {*}")]
    [InlineData("A() {*}")]
    [InlineData("int P { get {*return 1; } }")]
    [InlineData("void G() { } System.Action F = () => {*};")]
    public void Long_function_is_found(string member)
    {
        Assert.Single(
            FileRules.LongFunctions(
                Sources(
                    (
                        "src/Keyferry/Model/A.cs",
                        $"class A {{ {member.Replace("*", Blank(FileRules.FunctionLines), StringComparison.Ordinal)} }}"
                    )
                )
            )
        );
        Assert.Empty(
            FileRules.LongFunctions(
                Sources(
                    (
                        "src/Keyferry/Model/A.cs",
                        $"class A {{ {member.Replace("*", Blank(FileRules.FunctionLines - 1), StringComparison.Ordinal)} }}"
                    )
                )
            )
        );
    }

    [Theory]
    [InlineData("#pragma warning disable CS1591\nclass A;")]
    [InlineData("#nullable disable\nclass A;")]
    public void Warning_switched_off_is_found(string text) =>
        Assert.Single(FileRules.WarningsSwitchedOff(Sources(("src/Keyferry/Model/A.cs", text))));

    [Theory]
    [InlineData("class A { string _a = null!; }")]
    [InlineData("class A { int L(string? a) => a!.Length; }")]
    public void Suppressed_nullability_is_found(string text) =>
        Assert.Single(FileRules.SuppressedNullability(Sources(("src/Keyferry/Model/A.cs", text))));

    [Fact]
    public void Region_is_found() =>
        Assert.Single(FileRules.Regions(Sources(("src/Keyferry/Model/A.cs", "#region X\nclass A;\n#endregion"))));

    [Theory]
    [InlineData("// TODO: later\nclass A;")]
    [InlineData("/* FIXME */ class A;")]
    [InlineData("/// <summary>HACK</summary>\nclass A;")]
    public void Work_left_open_is_found(string text) => Assert.Single(FileRules.WorkLeftOpen(Sources(("src/Keyferry/Model/A.cs", text))));

    [Fact]
    public void Word_in_a_text_is_no_work_left_open() =>
        Assert.Empty(FileRules.WorkLeftOpen(Sources(("src/Keyferry/Model/A.cs", "class A { string _a = \"TODO\"; }"))));

    [Fact]
    public void Missing_summary_is_found_in_long_files_only()
    {
        var body = "{" + Blank(FileRules.LinesWithoutSummary) + "}";
        Assert.Single(FileRules.MissingSummaries(Sources(("src/Keyferry/Model/A.cs", "class A " + body))));
        Assert.Empty(FileRules.MissingSummaries(Sources(("src/Keyferry/Model/A.cs", "class A { }"))));
        Assert.Empty(FileRules.MissingSummaries(Sources(("src/Keyferry/Model/A.cs", "/// <summary>An A.</summary>\nclass A " + body))));
        Assert.Empty(
            FileRules.MissingSummaries(
                Sources(
                    ("src/Keyferry/Model/A.cs", "partial class A " + body),
                    ("src/Keyferry/Model/A.Log.cs", "/// <summary>An A.</summary>\npartial class A;")
                )
            )
        );
    }

    private static string Blank(int lines) => new('\n', lines);

    private static List<SourceFile> Sources(params (string Path, string Text)[] files) =>
        [.. files.Select(static file => SourceFile.Parse(file.Path, file.Text))];
}
