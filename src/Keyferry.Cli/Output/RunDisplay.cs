using System.Threading.Channels;
using Keyferry.Cli.Report;
using Keyferry.Observe;

namespace Keyferry.Cli.Output;

/// <summary>Takes events from the engine's tasks at any time, and shows them and the progress from one loop.</summary>
/// <param name="view">Where to.</param>
/// <param name="rates">Makes rates of the looks.</param>
/// <param name="time">The clock.</param>
internal sealed class RunDisplay(IRunView view, ProgressRates rates, TimeProvider time) : IRunObserver
{
    private static readonly TimeSpan SampleInterval = TimeSpan.FromSeconds(1);

    private readonly Channel<RunEvent> _events = Channel.CreateUnbounded<RunEvent>(new UnboundedChannelOptions { SingleReader = true });

    private bool _outputBroken;

    /// <summary>What has been seen of the run, for its report.</summary>
    public RunHistory History { get; } = new();

    /// <inheritdoc/>
    public void On(RunEvent happened) => _events.Writer.TryWrite(happened);

    /// <summary>Adds a note of the command line's own.</summary>
    public void Tell(string text) => On(new RunEvent.Note(time.GetUtcNow(), NoteLevel.Information, text));

    /// <summary>Adds a warning of the command line's own.</summary>
    public void Warn(string text) => On(new RunEvent.Note(time.GetUtcNow(), NoteLevel.Warning, text));

    /// <summary>Shows <paramref name="run"/> until it has ended, in whatever way; what it ended with is for the caller to await.</summary>
    /// <param name="run">The run.</param>
    /// <param name="progress">Takes a look at it.</param>
    public async Task ShowUntilEndedAsync(Task run, Func<ProgressSnapshot> progress)
    {
        using var ended = new CancellationTokenSource();
        var due = Task.Delay(view.Interval, time, ended.Token);
        var sample = Task.Delay(SampleInterval, time, ended.Token);
        var news = _events.Reader.WaitToReadAsync(ended.Token).AsTask();
        while (await Task.WhenAny(run, due, sample, news) != run)
        {
            if (news.IsCompleted)
            {
                ShowEvents();
                news = _events.Reader.WaitToReadAsync(ended.Token).AsTask();
            }

            if (sample.IsCompleted)
            {
                History.Take(progress());
                sample = Task.Delay(SampleInterval, time, ended.Token);
            }

            if (due.IsCompleted)
            {
                var look = rates.Take(progress());
                Guarded(() => view.Show(look));
                due = Task.Delay(view.Interval, time, ended.Token);
            }
        }

        await ended.CancelAsync();
        History.Take(progress());
        ShowEvents();
        Guarded(view.EndProgress);
    }

    private void ShowEvents()
    {
        var happened = new List<RunEvent>();
        while (_events.Reader.TryRead(out var one))
        {
            happened.Add(one);
        }

        if (happened.Count > 0)
        {
            History.Take(happened);
            Guarded(() => view.Show(happened));
        }
    }

    /// <summary>A full disk under the log, or a terminal that is gone, must not end the run: it goes on unseen.</summary>
    private void Guarded(Action show)
    {
        if (_outputBroken)
        {
            return;
        }

        try
        {
            show();
        }
        catch (IOException)
        {
            _outputBroken = true;
        }
    }
}
