using System.Globalization;

namespace Keyferry.Cutover;

/// <summary>Tells of clients that write where they should not any more: of each place once at first, then when it has done so ten times, a hundred times, and in the end.</summary>
/// <remarks>A place is a host with the name that its clients give themselves: who connects anew for each write comes from another port each time.</remarks>
/// <param name="where">The side that they write to, as they are told of.</param>
/// <param name="tell">Is told.</param>
internal sealed class StrayTale(string where, Action<string> tell)
{
    private const int MostPlaces = 1000;

    private readonly Dictionary<(string Host, string Name), Place> _places = [];

    /// <summary>Whether nobody was seen yet.</summary>
    public bool IsEmpty => _places.Count == 0;

    /// <summary>Whether the client's place was told of before.</summary>
    public bool Knows(SourceClient client) => _places.ContainsKey(PlaceOf(client));

    /// <summary>A client was seen to write.</summary>
    /// <param name="client">Who, and what.</param>
    /// <param name="at">When; <see langword="null"/> where it was only seen to have done so last, so that it cannot be counted.</param>
    public void Saw(SourceClient client, DateTimeOffset? at)
    {
        if (!_places.TryGetValue(PlaceOf(client), out var place))
        {
            if (_places.Count == MostPlaces)
            {
                return;
            }

            _places.Add(PlaceOf(client), place = new Place());
            tell(
                $"{client} writes to {where} after the switch ({client.Command.ToUpperInvariant()}{At(at)}): what it writes there is not on the new one."
            );
        }

        if (at is null)
        {
            return;
        }

        place.Writes++;
        (place.Last, place.At) = (client, at);
        if (place.Writes == place.Next)
        {
            place.Next *= 10;
            Tell(place);
        }
    }

    /// <summary>Nobody looks any more: tells of what was not told yet.</summary>
    public void End()
    {
        foreach (var place in _places.Values.Where(static place => place.Writes > 1 && place.Writes != place.Told))
        {
            Tell(place);
        }

        _places.Clear();
    }

    private static (string Host, string Name) PlaceOf(SourceClient client) =>
        (client.Address[..Math.Max(0, client.Address.LastIndexOf(':'))], client.Name);

    private static string At(DateTimeOffset? at) =>
        at is { } moment ? $" at {moment.UtcDateTime.ToString("HH:mm:ss'Z'", CultureInfo.InvariantCulture)}" : "";

    private void Tell(Place place)
    {
        if (place.Last is { } last)
        {
            place.Told = place.Writes;
            tell(
                $"{last} has sent {place.Writes:#,0} writes to {where} after the switch by now, the last{At(place.At)} ({last.Command.ToUpperInvariant()})."
            );
        }
    }

    private sealed class Place
    {
        public long Writes { get; set; }

        public long Next { get; set; } = 10;

        public long Told { get; set; }

        public SourceClient? Last { get; set; }

        public DateTimeOffset? At { get; set; }
    }
}
