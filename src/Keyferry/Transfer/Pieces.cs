using Keyferry.Resp;

namespace Keyferry.Transfer;

/// <summary>A large value on its way in pieces: asks the source for the next one, and writes each into the target's temporary key.</summary>
internal abstract class Pieces
{
    /// <summary>The most elements of a piece: for so many, a server is busy for about a millisecond.</summary>
    protected const int MostElements = 1000;

    /// <summary>Writes the question for the next piece.</summary>
    public abstract void Ask(RespConnection source);

    /// <summary>Looks at a piece without using it: what is asked for next follows from it.</summary>
    /// <param name="frame">The piece.</param>
    /// <param name="busy">For how long the source was busy with it, as far as is known: the next ones are smaller where that was too long.</param>
    /// <returns>Whether there is a next piece.</returns>
    public abstract bool Advance(ReadOnlySpan<byte> frame, TimeSpan busy);

    /// <summary>Writes the elements of a piece.</summary>
    public abstract void Write(ReadOnlySpan<byte> frame, PieceTarget target);

    /// <summary>Whether there is more to ask of the elements of each piece.</summary>
    public virtual bool AsksMore => false;

    /// <summary>Writes that question about the piece that was written last.</summary>
    /// <returns>Whether there was anything to ask.</returns>
    public virtual bool AskMore(RespConnection source) => false;

    /// <summary>Writes what the answer to that says.</summary>
    public virtual void WriteMore(ReadOnlySpan<byte> frame, PieceTarget target) { }
}
