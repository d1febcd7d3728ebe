using System.Globalization;

namespace Keyferry.Servers;

/// <summary>What a node of a cluster said about a key that it does not serve: <c>MOVED 3999 10.0.0.1:6381</c>.</summary>
/// <param name="IsAsk">Only this once, and with ASKING: the slot is on its way. Otherwise the slot has moved.</param>
/// <param name="Slot">The slot.</param>
/// <param name="Host">Where to ask; empty for the host that was asked.</param>
/// <param name="Port">Where to ask.</param>
internal readonly record struct Redirection(bool IsAsk, int Slot, string Host, int Port)
{
    /// <summary>Whether an error reply says that the key, or the whole slot, is somewhere else, or only half here.</summary>
    public static bool Is(string reply) =>
        reply.StartsWith("MOVED ", StringComparison.Ordinal)
        || reply.StartsWith("ASK ", StringComparison.Ordinal)
        || reply.StartsWith("TRYAGAIN", StringComparison.Ordinal);

    /// <summary>Reads an error reply, without its leading dash.</summary>
    /// <returns>Whether it is a redirection to an address.</returns>
    public static bool TryParse(string reply, out Redirection redirection)
    {
        redirection = default;
        if (
            reply.Split(' ') is not ["MOVED" or "ASK", var slotText, var address, ..]
            || !int.TryParse(slotText, NumberStyles.None, CultureInfo.InvariantCulture, out var slot)
            || slot >= Model.KeySlot.Count
        )
        {
            return false;
        }

        // The last colon: an IPv6 address has several, and no brackets.
        var colon = address.LastIndexOf(':');
        if (colon < 0 || !int.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            return false;
        }

        redirection = new Redirection(reply[0] == 'A', slot, address[..colon].Trim('[', ']').TrimStart('?'), port);
        return true;
    }
}
