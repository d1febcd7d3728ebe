using Keyferry.Servers;

namespace Keyferry.Verify;

/// <summary>Keeps a session open: what fails because a server went away is done again on a new one.</summary>
internal sealed class SessionKeeper(ServerConnector source, ServerConnector target, VerifyOptions options, TimeProvider time)
    : IAsyncDisposable
{
    private readonly Outage _outage = new(time, options.OutageBudget);
    private VerifyOptions _options = options;
    private VerifySession? _session;
    private ServerConnector _source = source;
    private ServerConnector _target = target;

    /// <summary>Opens the first session. A server that is not there yet is not waited for.</summary>
    public async ValueTask<VerifySession> OpenAsync(CancellationToken stop)
    {
        _session = await VerifySession.OpenAsync(_source, _target, _options, time, stop);
        // The rule for expiries is decided once: a second measurement would shift them all by its noise.
        _options = _options with
        {
            Shift = _session.Link.Shift,
        };
        return _session;
    }

    /// <summary>Works with other nodes as homes from now on; where they are the same, the session stays.</summary>
    public async ValueTask TurnToAsync(ServerConnector source, ServerConnector target)
    {
        if (source != _source || target != _target)
        {
            await DisposeAsync();
            (_source, _target) = (source, target);
        }
    }

    /// <summary>Says that the work got on, which ends an outage.</summary>
    public void GotOn() => _outage.Over();

    /// <summary>Does <paramref name="work"/>, again from its start after each failure that may pass.</summary>
    public async ValueTask RunAsync(Func<VerifySession, ValueTask> work, CancellationToken stop)
    {
        while (true)
        {
            try
            {
                _session ??= await VerifySession.OpenAsync(_source, _target, _options, time, stop);
                await work(_session);
                GotOn();
                return;
            }
            catch (Exception failure) when (Outage.IsPassing(failure) && !stop.IsCancellationRequested)
            {
                await DisposeAsync();
                await _outage.PauseAsync(failure, stop);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        var session = _session;
        _session = null;
        if (session is not null)
        {
            await session.DisposeAsync();
        }
    }
}
