using System.CommandLine;
using Keyferry.Model;

namespace Keyferry.Cli.Amazon;

/// <summary>What <c>keyferry notifications enable</c> can be told about a cache, beside its id.</summary>
internal sealed class EnableOptions
{
    private readonly Option<bool> _apply = new("--apply") { Description = "With --elasticache: make the calls. Default: only print them." };

    private readonly Option<bool> _plan = new("--plan")
    {
        Description = "With --elasticache: print each call, make none. This is the default.",
    };

    private readonly Option<bool> _buffers = new("--pubsub-buffers")
    {
        Description =
            "With --elasticache: raise the limits after which a listener that falls behind is cut off, in the same change (256 MiB; 128 MiB for 120 s).",
    };

    /// <summary>Adds them to <paramref name="command"/>.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_apply);
        command.Options.Add(_plan);
        command.Options.Add(_buffers);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_apply) && result.GetValue(_plan))
            {
                result.AddError("--plan and --apply exclude each other");
            }
        });
    }

    /// <summary>Whether the calls are to be made.</summary>
    public bool Apply(ParseResult parsed) => parsed.GetValue(_apply);

    /// <summary>Whether the limits of listeners are to be raised.</summary>
    public bool RoomyBuffers(ParseResult parsed) => parsed.GetValue(_buffers);

    /// <summary>For a server that is named by URI they would do nothing, and whoever gave one expects something else.</summary>
    /// <exception cref="KeyferryException">One was given.</exception>
    public void RefuseForServer(ParseResult parsed)
    {
        if (new Option[] { _apply, _plan, _buffers }.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } idle)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                $"{idle.Name} has a meaning with --elasticache only: a server named by URI is changed at once.",
                $"Leave {idle.Name} out, or name the cache by --elasticache ID."
            );
        }
    }
}
