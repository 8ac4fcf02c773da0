using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Farthing.Ledger.Journal;
using Farthing.Ledger.Snapshots;
using Farthing.Ledger.State;
using Farthing.Protocol;

namespace Farthing.Ledger.Tests.Snapshots;

/// <summary>The bytes of a snapshot: the golden ones of <c>docs/spec/vectors/snapshots.json</c>, which <c>docs/spec/snapshots.md</c> explains, and wrong ones.</summary>
public class SnapshotFileTests
{
    private static readonly SavedAccount[] Accounts =
    [
        new(1, Asset.Usd, AccountFlags.None, new(300, 0, 0, 0), OpenedPosition: 0, LastPosition: 7),
        new(2, Asset.Usd, AccountFlags.DebitsMustNotExceedCredits | AccountFlags.Frozen, new(120, 40, 300, 0), OpenedPosition: 1, LastPosition: 9),
        new(3, Asset.Usd, AccountFlags.DebitsMustNotExceedCredits | AccountFlags.Ends, new(0, 0, 5, 0), OpenedPosition: 3, LastPosition: 4, new(1_700_000_040_000, Heir: 1)),
        new(UInt128.MaxValue, new("allowance:USD", 6), AccountFlags.CreditsMustNotExceedDebits | AccountFlags.Closed, new(UInt128.One << 127, 0, UInt128.One << 127, 0), 2, 2),
    ];

    private static readonly SavedHold[] Holds = [new(20, 2, 1, 40, TransferCode.Payment, 1_700_000_060_000, Position: 9, ChainStart: 8)];

    private static readonly SavedRefundable[] Refundables =
    [
        new(21, 1, 2, 100, 1_700_000_050_000, Position: 6, LastCitation: -1),
        new(22, 1, 2, 0, 1_700_000_050_000, Position: 7, LastCitation: 8),
    ];

    [Fact]
    public void A_snapshot_is_the_golden_bytes()
    {
        using var directory = new TemporaryDirectory();
        var bytes = File.ReadAllBytes(Write(directory));
        var json = new JsonObject
        {
            ["journal"] = "5",
            ["segment"] = 3,
            ["block"] = 9,
            ["sequence"] = 11,
            ["nextPosition"] = 10,
            ["unixMilliseconds"] = 1_700_000_000_000,
            ["frameHash"] = "77",
            ["accounts"] = Accounts.Length,
            ["holds"] = Holds.Length,
            ["refundables"] = Refundables.Length,
            ["header"] = Convert.ToHexStringLower(bytes.AsSpan(0, SnapshotHeader.Length)),
            ["blocks"] = Convert.ToHexStringLower(bytes.AsSpan(SnapshotHeader.Length)),
        };
        // To change the format on purpose: FARTHING_WRITE_VECTORS=1, and say so in the commit.
        var made = json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
        if (Environment.GetEnvironmentVariable("FARTHING_WRITE_VECTORS") == "1") File.WriteAllText(VectorPath(), made);
        Assert.Equal(File.ReadAllText(VectorPath()), made);
    }

    [Fact]
    public void A_snapshot_reads_back_as_it_was_written()
    {
        using var directory = new TemporaryDirectory();
        using var reader = new SnapshotReader(Write(directory));
        Assert.Equal(Accounts, reader.ReadAccounts());
        Assert.Equal(Holds, reader.ReadHolds());
        Assert.Equal(Refundables, reader.ReadRefundables());
        Assert.Equal((3, 9), (reader.Header.Place.Segment, reader.Header.Place.Block));
    }

    [Fact]
    public void Many_blocks_read_back_as_they_were_written()
    {
        const int Many = 20_000;
        using var directory = new TemporaryDirectory();
        var path = Path.Combine(directory.Path, "many");
        var accounts = Enumerable.Range(1, Many).Select(i => Accounts[1] with { Id = (UInt128)i << 64, LastPosition = i, Balances = new((UInt128)i, 0, UInt128.MaxValue - (UInt128)i, 0) }).ToArray();
        using (var writer = new SnapshotWriter(path))
        {
            var digest = UInt128.Zero;
            foreach (var account in accounts)
            {
                writer.Add(account);
                digest = unchecked(digest + StateDigest.Of(account));
            }
            writer.Complete(new() { StateDigest = digest, NextPosition = Many + 1 });
        }
        using var reader = new SnapshotReader(path);
        Assert.True(reader.Header.Bytes > 10 * SnapshotBlock.MaxBytes);
        Assert.Equal(accounts, reader.ReadAccounts());
        Assert.Empty(reader.ReadHolds());
        Assert.Empty(reader.ReadRefundables());
    }

    [Fact]
    public void A_snapshot_with_another_digest_is_not_completed()
    {
        using var directory = new TemporaryDirectory();
        using var writer = new SnapshotWriter(Path.Combine(directory.Path, "wrong"));
        writer.Add(Accounts[0]);
        Assert.Throws<InvalidOperationException>(() => writer.Complete(Header() with { StateDigest = StateDigest.Of(Accounts[0]) + 1 }));
    }

    [Fact]
    public void No_bytes_make_reading_do_anything_but_refuse()
    {
        const int Rounds = 20_000;
        using var directory = new TemporaryDirectory();
        var path = Write(directory);
        var sound = File.ReadAllBytes(path);
        var random = new Random(1);
        var (refused, accepted) = (0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            var bytes = sound.ToArray();
            for (var changes = random.Next(1, 4); changes > 0; changes--) bytes[random.Next(16, bytes.Length)] = (byte)(random.Next(3) == 0 ? random.Next(256) : random.Next(2) * 255);
            if (random.Next(10) == 0) Array.Resize(ref bytes, random.Next(bytes.Length + 100));
            // Nearly all get hashes that are right, or none would be looked at any further.
            if (random.Next(20) != 0) Sign(bytes);
            File.WriteAllBytes(path, bytes);
            try
            {
                using var reader = new SnapshotReader(path);
                Opening.Restore(reader);
                accepted++;
            }
            catch (SnapshotException)
            {
                refused++;
            }
        }
        Assert.Equal(Rounds, refused + accepted);
        Assert.True(refused > Rounds / 2, $"{refused} refused.");
        Assert.True(accepted > 0, "None was accepted: the hashes are wrong, and nothing was looked at.");
    }

    private static string Write(TemporaryDirectory directory)
    {
        var path = Path.Combine(directory.Path, SnapshotDirectory.FileName(3));
        using var writer = new SnapshotWriter(path);
        foreach (var account in Accounts) writer.Add(account);
        foreach (var hold in Holds) writer.Add(hold);
        foreach (var refundable in Refundables) writer.Add(refundable);
        writer.Complete(Header());
        return path;
    }

    private static SnapshotHeader Header()
    {
        var digest = UInt128.Zero;
        foreach (var account in Accounts) digest = unchecked(digest + StateDigest.Of(account));
        foreach (var hold in Holds) digest = unchecked(digest + StateDigest.Of(hold));
        foreach (var refundable in Refundables) digest = unchecked(digest + StateDigest.Of(refundable));
        return SnapshotHeader.Behind(5, new FrameHeader
        {
            Hash = 77,
            Place = new(3, 9),
            Sequence = 11,
            FirstPosition = 8,
            RecordCount = 2,
            UnixMilliseconds = 1_700_000_000_000,
            StateDigest = digest,
        });
    }

    // Makes the length and the hashes of a snapshot of one block right again.
    private static void Sign(byte[] bytes)
    {
        if (bytes.Length < SnapshotHeader.Length + SnapshotBlock.HeadLength) return;
        var block = bytes.AsSpan(SnapshotHeader.Length);
        BinaryPrimitives.WriteUInt128LittleEndian(block, SnapshotBlock.HashOf(0, block[16..]));
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(136), bytes.Length);
        block[..16].CopyTo(bytes.AsSpan(144));
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, XxHash128.HashToUInt128(bytes.AsSpan(16, SnapshotHeader.Length - 16)));
    }

    private static string VectorPath([CallerFilePath] string thisFile = "") =>
        Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "..", "docs", "spec", "vectors", "snapshots.json");
}
