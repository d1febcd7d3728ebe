using Keyferry.Resp;

namespace Keyferry.Transfer;

/// <summary>A connection, and the databases that the latest question and the latest answer belong to.</summary>
internal sealed class SourceLink(RespConnection connection)
{
    private int _askedDatabase = -1;
    private int _readDatabase = -1;

    public RespConnection Connection => connection;

    public void Select(int database)
    {
        if (database != _askedDatabase)
        {
            WireCommands.Select(connection.Output, database);
            _askedDatabase = database;
        }
    }

    public async ValueTask ReadSelectAsync(int database, CancellationToken stop)
    {
        if (database != _readDatabase)
        {
            WireCommands.ExpectOk((await connection.ReadAsync(stop)).Span, "SELECT");
            _readDatabase = database;
        }
    }
}
