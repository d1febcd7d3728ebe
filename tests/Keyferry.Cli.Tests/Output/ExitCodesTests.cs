using Keyferry.Cli.Output;
using Keyferry.Model;

namespace Keyferry.Cli.Tests.Output;

public sealed class ExitCodesTests
{
    [Fact]
    public void The_document_holds_the_same_table()
    {
        var rows = File.ReadLines(Bench.PathOf("docs/reference/exit-codes.md"))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && char.IsAsciiDigit(line[2]));
        Assert.Equal(ExitCodes.Table.Select(row => $"| {row.Code} | {row.Name} | {row.Means} |"), rows);
    }

    [Fact]
    public void Every_failure_and_verdict_has_a_code_of_the_table()
    {
        var known = ExitCodes.Table.Select(row => row.Code).ToHashSet();
        var used = Enum.GetValues<FailureKind>().Select(ExitCodes.Of).Concat(Enum.GetValues<Verdict>().Select(ExitCodes.Of)).ToList();
        Assert.All(used, code => Assert.Contains(code, known));
        Assert.DoesNotContain(ExitCodes.Bug, used);
    }

    [Fact]
    public void A_known_failure_prints_what_was_seen_and_what_to_do()
    {
        var bench = new Bench();
        var failure = new KeyferryException(FailureKind.Refused, "The target has 12 keys.", "Empty it.", new IOException("deep"));
        Assert.Equal(ExitCodes.Refused, FailurePrinter.Print(failure, bench.Surroundings, verbose: false));
        Assert.Equal("keyferry: The target has 12 keys.\nwhat to do: Empty it.\n", bench.Error.ReplaceLineEndings("\n"));
    }

    [Fact]
    public void Stack_traces_need_verbose()
    {
        var (quiet, loud) = (new Bench(), new Bench());
        var failure = new InvalidOperationException("one\ntwo");
        Assert.Equal(ExitCodes.Bug, FailurePrinter.Print(failure, quiet.Surroundings, verbose: false));
        Assert.Equal("keyferry: internal error: one two (InvalidOperationException)\n", quiet.Error.ReplaceLineEndings("\n"));
        FailurePrinter.Print(failure, loud.Surroundings, verbose: true);
        Assert.Contains("System.InvalidOperationException: one", loud.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_password_that_comes_back_in_a_server_s_error_is_masked()
    {
        var bench = new Bench();
        var surroundings = bench.Surroundings;
        surroundings.Mask.Add(new Secret("hunter2"));
        var deep = new IOException("ERR unknown command 'AUTH', with args beginning with: 'hunter2'");
        FailurePrinter.Print(
            new KeyferryException(FailureKind.Unreachable, "It said hunter2.", "hunter2!", deep),
            surroundings,
            verbose: true
        );
        FailurePrinter.Print(deep, surroundings, verbose: true);
        Assert.DoesNotContain("hunter2", bench.Everything, StringComparison.Ordinal);
    }
}
