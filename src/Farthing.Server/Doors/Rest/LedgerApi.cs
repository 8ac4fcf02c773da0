using Farthing.Payments;

namespace Farthing.Server.Doors.Rest;

/// <summary>What anyone may check us by: the log's checkpoint and the public keys.</summary>
internal static class LedgerApi
{
    public static void Map(RestRoutes door, Ledger.Ledger ledger)
    {
        door.Get("/v1/ledger/checkpoint", async request => await request.AnswerTextAsync((await ledger.GetCheckpointAsync()).Note), new RestCall
        {
            OperationId = "readCheckpoint",
            Tag = "Ledger",
            Summary = "Read the newest checkpoint",
            Description = "A C2SP tlog-checkpoint: origin, size and root of the log, as a signed note.",
            AnswerExample = "farthing.test/0a1b2c3d\n42\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\n\n— farthing.test/0a1b2c3d …\n",
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
}
