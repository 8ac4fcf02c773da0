using System.Globalization;
using Farthing.Ledger;
using Farthing.Payments;
using Farthing.Protocol;

namespace Farthing.Server.Doors.Rest;

/// <summary>What anyone may check us by: the log's checkpoint, its tiles, the proof that it only grew, and the public keys.</summary>
/// <remarks>Checkpoint and tiles have the paths of C2SP <c>tlog-tiles</c> below <c>/v1/ledger</c>. Only what a checkpoint signs is shown. Thread-safe.</remarks>
internal sealed class LedgerApi(Ledger.Ledger ledger, TimeProvider time)
{
    private const string OctetStream = "application/octet-stream";
    private const string NeverChanges = "public, max-age=31536000, immutable";

    /// <summary>A checkpoint that is shown to everybody is no older, unless there is nothing to add: each new one costs a signature and two flushes.</summary>
    private static readonly TimeSpan CheckpointAge = TimeSpan.FromSeconds(1);

    // When a checkpoint was last made for a reader.
    private long madeAt = time.GetTimestamp() - time.TimestampFrequency;

    public void Map(RestRoutes door)
    {
        door.Get("/v1/ledger/checkpoint", async request => await request.AnswerTextAsync((await GetCheckpointAsync()).Note), new RestCall
        {
            OperationId = "readCheckpoint",
            Tag = "Ledger",
            Summary = "Read the newest checkpoint",
            Description = "A C2SP tlog-checkpoint: origin, size and root of the log, as a signed note. It covers everything up to a second ago.",
            AnswerExample = "farthing.test/0a1b2c3d\n42\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\n\n— farthing.test/0a1b2c3d …\n",
        });
        door.Get("/v1/ledger/tile/{level}/{**index}", AnswerTileAsync, new RestCall
        {
            OperationId = "readTile",
            Tag = "Ledger",
            Summary = "Read a tile of the log's Merkle tree",
            Description = "A C2SP tlog-tiles tile: at most 256 hashes of 32 bytes. Leaves themselves are not shown. A tile never changes.",
            Path =
            [
                new PathMember("level", "0 for the hashes of leaves; each other level has the roots of full tiles of the level below.", "^[0-7]$", "0"),
                new PathMember("index", "The tile's number in groups of three digits, all but the last behind an x; and .p/ with the width, if it is to have fewer than 256 hashes.",
                    "^(x[0-9]{3}/)*[0-9]{3}(\\.p/[1-9][0-9]{0,2})?$", "x001/x234/067.p/17"),
            ],
            AnswerMediaType = OctetStream,
            AnswerExample = "…",
            Refusals = [RefusalCodes.NotFound, RefusalCodes.NotInCheckpoint],
        });
        door.Get("/v1/ledger/consistency", AnswerConsistencyAsync, new RestCall
        {
            OperationId = "proveConsistency",
            Tag = "Ledger",
            Summary = "Prove that the log only grew between two sizes",
            Description = "The consistency proof of RFC 9162 between the trees of the first from records and of the first to records, in base64. Empty if they are the same, or from is 0.",
            Query =
            [
                new QueryMember("from", "The size of the older checkpoint.") { IsRequired = true },
                new QueryMember("to", "The size of the newer one.") { IsRequired = true },
            ],
            Answer = typeof(ConsistencyJson),
            AnswerExample = """{"from":6,"to":8,"hashes":["DrxdNDf74tsVi58SahGNHjCBgQMdCpSfje3t68VY72o=","yoVOoSjtBQtBs1/8G4e4vS7eRh6eO1WWzmtp1ZdaCuA=","037kGJdt2VdTwc9zhi5zmPoqLPm0/w/f6LMNlSCWFLc="]}""",
            Refusals = [RefusalCodes.NotInCheckpoint],
        });
        door.Get("/v1/ledger/key", request => request.AnswerTextAsync(ledger.VerifierKey.ToString()), new RestCall
        {
            OperationId = "readLedgerKey",
            Tag = "Ledger",
            Summary = "Read the key that checkpoints and receipts are verified with",
            Description = "A C2SP signed-note verifier key.",
            AnswerExample = "farthing.test/0a1b2c3d+1f2e3d4c+AQ…",
        });
        door.Get("/v1/entitlement-key", request => request.AnswerTextAsync(request.System.EntitlementVerifier.ToString()), new RestCall
        {
            OperationId = "readEntitlementKey",
            Tag = "Ledger",
            Summary = "Read the key that sites verify entitlements with",
            Description = "Base64 of the 32-byte Ed25519 public key.",
            AnswerExample = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        });
    }

    private ValueTask<SignedCheckpoint> GetCheckpointAsync()
    {
        var now = time.GetTimestamp();
        var last = Volatile.Read(ref madeAt);
        var isDue = time.GetElapsedTime(last, now) >= CheckpointAge && Interlocked.CompareExchange(ref madeAt, now, last) == last;
        // Of what is in the tree, milliseconds behind what is durable: when the tree stands still, the call must not wait for it.
        return ledger.GetCheckpointAsync(isDue ? ledger.TreeSize : 0);
    }

    private async ValueTask<Refusal?> AnswerTileAsync(RestRequest request)
    {
        var values = request.Http.Request.RouteValues;
        var path = $"tile/{values["level"]}/{values["index"]}";
        if (!TileName.TryParse(path, out var name)) return new Refusal(RefusalCodes.NotFound, $"{path} names no tile. Tiles are named as C2SP tlog-tiles says, such as tile/0/x001/234.p/17.");
        if (ledger.ReadTile(name) is not { } tile) return NotSigned(path);
        var response = request.Http.Response;
        response.ContentType = OctetStream;
        response.ContentLength = tile.Length;
        response.Headers.CacheControl = NeverChanges;
        await response.Body.WriteAsync(tile);
        return null;
    }

    private async ValueTask<Refusal?> AnswerConsistencyAsync(RestRequest request)
    {
        if (ReadSize(request, "from", out var from) is { } badFrom) return badFrom;
        if (ReadSize(request, "to", out var to) is { } badTo) return badTo;
        if (from > to) return new Refusal(RefusalCodes.InvalidField, "from must not be more than to.");
        if (to > ledger.SignedSize) return NotSigned($"A tree of {to} records");
        var proof = ledger.ProveConsistency(from, to);
        var hashes = new string[proof.Length / MerkleTree.HashLength];
        for (var i = 0; i < hashes.Length; i++) hashes[i] = Convert.ToBase64String(proof, i * MerkleTree.HashLength, MerkleTree.HashLength);
        return await request.AnswerAsync(new ConsistencyJson(from, to, hashes), Wire.Default.ConsistencyJson);
    }

    private Refusal NotSigned(string what) => new(RefusalCodes.NotInCheckpoint, $"{what} is not covered: the newest checkpoint signs {ledger.SignedSize} records.");

    private static Refusal? ReadSize(RestRequest request, string name, out long size)
    {
        size = 0;
        if (!request.Http.Request.Query.TryGetValue(name, out var values)) return new Refusal(RefusalCodes.MissingField, $"Add {name} to the query: how many records the tree has.");
        return values.Count == 1 && long.TryParse(values[0], NumberStyles.None, CultureInfo.InvariantCulture, out size)
            ? null
            : new Refusal(RefusalCodes.InvalidField, $"{name} must be a number of records, such as 42.");
    }
}
