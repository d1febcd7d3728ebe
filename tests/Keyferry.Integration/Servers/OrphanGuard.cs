using System.Diagnostics;

namespace Keyferry.Integration.Servers;

/// <summary>Ends the servers of this test process when the test process itself dies without cleaning up.</summary>
/// <remarks>
/// One shell per test process reads the ids of running servers from a pipe; when the pipe closes it ends those that were not
/// taken off the list. A parent-death signal would not do: it fires when the *thread* that started the server ends.
/// </remarks>
internal static class OrphanGuard
{
    private const string Script = """
        live=
        while read -r op pid; do
          rest=
          for p in $live; do [ "$p" = "$pid" ] || rest="$rest $p"; done
          live=$rest
          [ "$op" = - ] || live="$live $pid"
        done
        [ -z "$live" ] || kill -KILL $live
        """;

    private static readonly Lock _gate = new();
    private static readonly Lazy<Process> _shell = new(Start);

    public static void Watch(int processId) => Say('+', processId);

    public static void Forget(int processId) => Say('-', processId);

    private static void Say(char operation, int processId)
    {
        lock (_gate)
        {
            _shell.Value.StandardInput.Write($"{operation} {processId}\n");
            _shell.Value.StandardInput.Flush();
        }
    }

    private static Process Start()
    {
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true, UseShellExecute = false };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(Script);
        return Process.Start(start) ?? throw new InvalidOperationException("/bin/sh could not be started.");
    }
}
