namespace Keyferry.Migration;

/// <summary>The tasks that run beside the main course of a migration. When one of them fails, the main course ends with its failure.</summary>
internal sealed class BackgroundTasks : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly List<Task> _tasks = [];
    private readonly TaskCompletionSource _failed = new();

    /// <param name="abort">Ends everything at once.</param>
    public BackgroundTasks(CancellationToken abort) => _stop = CancellationTokenSource.CreateLinkedTokenSource(abort);

    /// <summary>Cancelled when the run ends, is aborted, or a task failed.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>Takes a task that runs until <see cref="Stop"/>.</summary>
    public void Add(Task task) => _tasks.Add(WatchAsync(task));

    /// <summary>Waits for <paramref name="work"/>, which must end on <see cref="Stop"/>.</summary>
    /// <exception cref="Exception">The failure of the work, or of whichever background task failed first.</exception>
    public async Task<T> GuardAsync<T>(Task<T> work)
    {
        if (await Task.WhenAny(work, _failed.Task) == _failed.Task)
        {
            try
            {
                _ = await work;
            }
            catch (Exception cancelled) when (cancelled is OperationCanceledException or IOException)
            {
                // The failure that made the work end is the one to tell.
                await _failed.Task;
            }

            await _failed.Task;
        }

        return await work;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        await Task.WhenAll(_tasks);
        _stop.Dispose();
        // Observed here in any case: a failure that came after the end of the main course has nobody left to tell.
        _ = _failed.Task.Exception;
    }

    private async Task WatchAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return;
        }
        catch (Exception failed)
        {
            _failed.TrySetException(failed);
            _stop.Cancel();
        }
    }
}
