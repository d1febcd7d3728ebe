namespace Keyferry.Cli.Control;

/// <summary>Answers what is asked of a running migration. Several may ask at the same time.</summary>
internal interface IControlDesk
{
    /// <summary>Answers, perhaps over a while; the last reply is <see cref="ControlReply.Done"/>.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="stop">Ends the answer: the run is over.</param>
    /// <param name="gone">Whoever asks does not wait any more: what he asked for is withdrawn where that can be, and the last reply says whether it was.</param>
    IAsyncEnumerable<ControlReply> AnswerAsync(ControlRequest request, CancellationToken stop, CancellationToken gone = default);
}
