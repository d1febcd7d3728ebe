using Keyferry.Model;

namespace Keyferry.Notifications;

/// <summary>One event as it came, for watching and testing; the capture takes messages apart without this.</summary>
/// <param name="At">When it was received, UTC.</param>
/// <param name="Family">On which kind of channel.</param>
/// <param name="Database">The logical database.</param>
/// <param name="What">The event: <c>set</c>, <c>expired</c>, ...</param>
/// <param name="Key">The key.</param>
internal sealed record Notification(DateTimeOffset At, ChannelFamily Family, int Database, string What, KeyName Key);
