using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace Farthing.Ledger.Tests.Proofs;

/// <summary>The ledger's proofs before a verifier that is not ours: <c>rfc6962.py</c>, written from the RFCs alone.</summary>
public class OthersVerifierTests
{
    [Fact]
    public async Task A_verifier_of_another_hand_takes_our_proofs_and_refuses_altered_ones()
    {
        var cases = new List<JsonObject>();
        using var directory = new TemporaryDirectory();
        await using (var ledger = TestLedger.Open(directory))
        {
            await TestLedger.FundAsync(ledger);
            var checkpoints = new List<SignedCheckpoint> { await ledger.GetCheckpointAsync(4) };
            for (var i = 0; i < 1_000; i += 125)
            {
                await ledger.SubmitAsync([.. Enumerable.Range(i, 125).Select(n => TestLedger.Transfer(100 + (UInt128)n, 1))]);
                checkpoints.Add(await ledger.GetCheckpointAsync(ledger.DurableSize));
            }
            foreach (var (newest, _) in checkpoints)
            {
                foreach (var (earlier, _) in checkpoints.Where(earlier => earlier.Checkpoint.Size <= newest.Size))
                    cases.Add(Consistency(earlier.Size, earlier.Root, newest.Size, newest.Root, ledger.ProveConsistency(earlier.Size, newest.Size)));
                for (var position = 0L; position < newest.Size; position += 61)
                {
                    var proof = ledger.Prove(position, newest.Size);
                    cases.Add(Inclusion(proof.Leaf, position, newest.Size, newest.Root, proof.Proof));
                }
            }
        }
        var altered = cases.SelectMany(Alter).ToList();
        Assert.InRange(cases.Count, 100, 1_000);
        Assert.InRange(altered.Count, 4 * cases.Count / 2, 6 * cases.Count);

        var verdicts = await VerifyAsync([.. cases, .. altered]);
        Assert.All(verdicts.Take(cases.Count), verdict => Assert.Equal("yes", verdict));
        Assert.All(verdicts.Skip(cases.Count), verdict => Assert.Equal("no", verdict));
        Assert.Equal(cases.Count + altered.Count, verdicts.Length);
    }

    private static JsonObject Inclusion(byte[] leaf, long index, long size, byte[] root, byte[] proof) =>
        new() { ["leaf"] = Convert.ToHexString(leaf), ["index"] = index, ["size"] = size, ["root"] = Convert.ToHexString(root), ["proof"] = Convert.ToHexString(proof) };

    private static JsonObject Consistency(long from, byte[] fromRoot, long to, byte[] toRoot, byte[] proof) =>
        new() { ["from"] = from, ["fromRoot"] = Convert.ToHexString(fromRoot), ["to"] = to, ["toRoot"] = Convert.ToHexString(toRoot), ["proof"] = Convert.ToHexString(proof) };

    // The same proof with one hash or root changed, with one hash less and one more, and for a neighbour.
    private static IEnumerable<JsonObject> Alter(JsonObject proven)
    {
        foreach (var name in new[] { "leaf", "root", "fromRoot", "toRoot", "proof" }.Where(name => proven[name]?.GetValue<string>().Length > 0))
        {
            var bytes = Convert.FromHexString(proven[name]!.GetValue<string>());
            bytes[bytes.Length / 2] ^= 4;
            yield return With(name, Convert.ToHexString(bytes));
        }
        var proof = proven["proof"]!.GetValue<string>();
        yield return With("proof", proof + new string('0', 64));
        if (proof.Length > 0) yield return With("proof", proof[64..]);
        if (proven["index"] is { } index) yield return With("index", index.GetValue<long>() ^ 1);

        JsonObject With(string name, JsonNode value)
        {
            var changed = proven.DeepClone().AsObject();
            changed[name] = value;
            return changed;
        }
    }

    private static async Task<string[]> VerifyAsync(List<JsonObject> cases, [CallerFilePath] string thisFile = "")
    {
        var script = Path.Combine(Path.GetDirectoryName(thisFile)!, "rfc6962.py");
        using var python = Process.Start(new ProcessStartInfo("python3", ["-I", script]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        var answers = python.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        foreach (var proof in cases) await python.StandardInput.WriteLineAsync(proof.ToJsonString());
        python.StandardInput.Close();
        var lines = await answers.InTimeAsync();
        await python.WaitForExitAsync(TestContext.Current.CancellationToken).InTimeAsync();
        Assert.Equal(0, python.ExitCode);
        return lines.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
