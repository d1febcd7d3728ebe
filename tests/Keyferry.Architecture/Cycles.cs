namespace Keyferry.Architecture;

/// <summary>Finds the groups of nodes of a graph that reach each other (Tarjan's strongly connected components).</summary>
internal sealed class Cycles<T>
    where T : notnull
{
    private readonly ILookup<T, T> _next;
    private readonly Dictionary<T, int> _index = [];
    private readonly Dictionary<T, int> _low = [];
    private readonly Stack<T> _open = new();
    private readonly List<IReadOnlyList<T>> _found = [];

    private Cycles(IEnumerable<(T From, T To)> edges) => _next = edges.ToLookup(static edge => edge.From, static edge => edge.To);

    /// <summary>Every group of two or more nodes that lie on a common cycle. An edge from a node to itself is none.</summary>
    public static IReadOnlyList<IReadOnlyList<T>> In(IEnumerable<(T From, T To)> edges)
    {
        var search = new Cycles<T>(edges);
        foreach (var group in search._next)
        {
            if (!search._index.ContainsKey(group.Key))
            {
                search.Visit(group.Key);
            }
        }

        return search._found;
    }

    private void Visit(T node)
    {
        _index[node] = _low[node] = _index.Count;
        _open.Push(node);
        foreach (var next in _next[node])
        {
            if (!_index.TryGetValue(next, out var index))
            {
                Visit(next);
                _low[node] = Math.Min(_low[node], _low[next]);
            }
            else if (_open.Contains(next))
            {
                _low[node] = Math.Min(_low[node], index);
            }
        }

        if (_low[node] == _index[node])
        {
            Close(node);
        }
    }

    private void Close(T node)
    {
        var group = new List<T>();
        do
        {
            group.Add(_open.Pop());
        } while (!EqualityComparer<T>.Default.Equals(group[^1], node));

        if (group.Count > 1)
        {
            _found.Add(group);
        }
    }
}
