namespace Keyferry.Payloads;

/// <summary>Walks over the fields of a hash, in whichever form a payload has it.</summary>
internal ref struct HashReader
{
    private readonly PayloadType _type;
    private readonly long _firstExpiry;
    private PayloadReader _reader;
    private Listpack _listpack;
    private int _left;

    /// <param name="reader">Behind the type byte.</param>
    /// <param name="type">A type of hash.</param>
    /// <param name="room">For what must be unpacked as a whole.</param>
    /// <exception cref="PayloadException">It is no type of hash that is known here.</exception>
    public HashReader(PayloadReader reader, PayloadType type, ref byte[] room)
    {
        _type = type;
        _reader = reader;
        switch (type)
        {
            case PayloadType.HashListpack:
                _listpack = new Listpack(_reader.Text(ref room));
                break;
            case PayloadType.HashListpackWithExpiries:
                _firstExpiry = _reader.Fixed();
                _listpack = new Listpack(_reader.Text(ref room));
                break;
            case PayloadType.HashWithExpiries:
                _firstExpiry = _reader.Fixed();
                _left = _reader.Count();
                break;
            case PayloadType.ValkeyHashWithExpiries:
                _left = _reader.Count();
                break;
            default:
                throw new PayloadException("a hash is of a form that is not known");
        }
    }

    /// <summary>When the present field expires, in milliseconds since 1970 by the source's clock; -1 for never.</summary>
    public long Expiry { get; private set; }

    /// <summary>Moves to the next field.</summary>
    /// <param name="field">Gets its name, encoded as in a payload.</param>
    /// <param name="value">Gets its value, likewise.</param>
    /// <returns>Whether there was one.</returns>
    public bool Read(PayloadWriter field, PayloadWriter value)
    {
        field.Clear();
        value.Clear();
        Expiry = -1;
        if (_type is PayloadType.HashListpack or PayloadType.HashListpackWithExpiries)
        {
            if (!_listpack.Read())
            {
                return false;
            }

            field.Text(_listpack);
            _listpack.Require();
            value.Text(_listpack);
            if (_type == PayloadType.HashListpackWithExpiries)
            {
                _listpack.Require();
                Expiry = _listpack.Number == 0 ? -1 : _listpack.Number;
            }

            return true;
        }

        if (_left-- == 0)
        {
            return false;
        }

        // Redis has the expiry before the field and counts from the hash's first one; 0 is none.
        var ahead = _type == PayloadType.HashWithExpiries ? _reader.Length() : 0;
        Copy(field);
        Copy(value);
        Expiry =
            _type == PayloadType.ValkeyHashWithExpiries ? _reader.Fixed()
            : ahead == 0 ? -1
            : _firstExpiry + (long)ahead - 1;
        return true;
    }

    private void Copy(PayloadWriter to)
    {
        var start = _reader.Position;
        _reader.SkipText();
        to.Raw(_reader.Since(start));
    }
}
