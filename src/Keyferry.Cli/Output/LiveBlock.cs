using System.Text;

namespace Keyferry.Cli.Output;

/// <summary>Rows that are redrawn in place at the end of a terminal; lines that are put above them scroll by.</summary>
internal sealed class LiveBlock(TextWriter output, Terminal terminal)
{
    private const string Plain = "\e[0m";

    private int _drawn;

    /// <summary>Draws the block anew.</summary>
    /// <param name="above">Lines that stay.</param>
    /// <param name="rows">What the block shows now; none to take it away.</param>
    /// <param name="headPaint">How the first row is painted.</param>
    public void Draw(IEnumerable<string> above, IReadOnlyList<string> rows, string headPaint = "")
    {
        var text = new StringBuilder("\r");
        if (_drawn > 0)
        {
            text.Append($"\e[{_drawn}A");
        }

        foreach (var line in above)
        {
            text.Append(line).Append("\e[K\n");
        }

        var (columns, lines) = terminal.Size();
        _drawn = Math.Min(rows.Count, Math.Max(1, lines - 1));
        for (var i = 0; i < _drawn; i++)
        {
            // A row that wraps would break the count of lines to go up.
            var row = rows[i].Length < columns ? rows[i] : rows[i][..Math.Max(0, columns - 1)];
            text.Append(i == 0 ? Painted(row, headPaint) : row).Append("\e[K\n");
        }

        output.Write(text.Append("\e[J").ToString());
        output.Flush();
    }

    /// <summary><paramref name="text"/> in a colour, where colours are wanted.</summary>
    public string Painted(string text, string paint) => terminal.Colors && paint.Length > 0 ? paint + text + Plain : text;
}
