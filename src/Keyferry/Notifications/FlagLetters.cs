namespace Keyferry.Notifications;

/// <summary>What each letter of <c>notify-keyspace-events</c> means, in words.</summary>
internal static class FlagLetters
{
    /// <summary>The letters that are listed when a value is explained, whether they are set or not; the others only where they are set.</summary>
    private const string Listed = "KE" + NotificationFlags.AllClasses;

    /// <summary>One letter of a value.</summary>
    /// <param name="Letter">The letter.</param>
    /// <param name="Words">What it means.</param>
    /// <param name="Set">Whether it stands in the value.</param>
    /// <param name="Needed">Whether Keyferry needs it.</param>
    public sealed record Line(char Letter, string Words, bool Set, bool Needed);

    /// <summary>What the letter means.</summary>
    public static string Words(char letter) =>
        letter switch
        {
            'K' => "sends by key: channel __keyspace@DB__:KEY, the event as message",
            'E' => "sends by event: channel __keyevent@DB__:EVENT, the key as message",
            'g' => "commands for every type: DEL, EXPIRE, RENAME, RESTORE, ...",
            '$' => "string commands",
            'l' => "list commands",
            's' => "set commands",
            'h' => "hash commands",
            'z' => "sorted set commands",
            't' => "stream commands (Redis 5.0 and newer)",
            'd' => "module types (Redis 6.2 and newer)",
            'x' => "a key has expired",
            'e' => "a key was evicted for want of memory",
            'm' => "a key that is not there was read; no change, and much traffic (Redis 6.0 and newer)",
            'n' => "a key is new (Redis 7.0 and newer; not told back once A is set)",
            'o' => "a value was overwritten (Redis 8.6 and newer; not told back once A is set)",
            'c' => "a key has changed its type (Redis 8.6 and newer; not told back once A is set)",
            'A' => $"all of {NotificationFlags.AllClasses}",
            _ => "not known to this version of Keyferry; left as it is",
        };

    /// <summary>Each letter that matters to <paramref name="flags"/>, with its meaning.</summary>
    public static IReadOnlyList<Line> Explain(NotificationFlags flags)
    {
        var needed = NotificationFlags.Needed(flags.Family);
        return
        [
            .. Listed
                .Concat(flags.Letters().Where(static letter => !Listed.Contains(letter, StringComparison.Ordinal)))
                .Select(letter => new Line(letter, Words(letter), flags.Has(letter), needed.Has(letter))),
        ];
    }
}
