namespace Keyferry.Notifications;

/// <summary>The two ways in which a server tells of one change. Both say the same; one is enough, and both together cost the server twice.</summary>
internal enum ChannelFamily
{
    /// <summary>Letter <c>E</c>: channel by event, <c>__keyevent@db__:event</c>.</summary>
    Event,

    /// <summary>Letter <c>K</c>: channel by key, <c>__keyspace@db__:key</c>.</summary>
    Key,
}

/// <summary>What belongs to a channel family.</summary>
internal static class ChannelFamilies
{
    /// <summary>The letter that switches the family on.</summary>
    public static char Letter(this ChannelFamily family) => family == ChannelFamily.Event ? 'E' : 'K';

    /// <summary>The pattern that subscribes to all of it.</summary>
    public static string Pattern(this ChannelFamily family) =>
        family == ChannelFamily.Event ? NotificationMessage.EventPattern : NotificationMessage.KeyPattern;
}
