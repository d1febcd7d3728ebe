namespace Keyferry.Cli.Control;

/// <summary>Answers what is asked of a running migration. Several may ask at the same time.</summary>
internal interface IControlDesk
{
    /// <summary>Answers, perhaps over a while; the last reply is <see cref="ControlReply.Done"/>.</summary>
    IAsyncEnumerable<ControlReply> AnswerAsync(ControlRequest request, CancellationToken stop);
}
