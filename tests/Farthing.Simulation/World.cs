using System.Runtime.ExceptionServices;
using System.Text;
using Farthing.Ledger;
using Farthing.Ledger.Journal;
using Farthing.Ledger.Proofs;
using Farthing.Ledger.Sequencing;
using Farthing.Ledger.State;
using Farthing.Ledger.Tests.State;
using Farthing.Protocol;

namespace Farthing.Simulation;

/// <summary>
/// One ledger over one simulated disk, through several lives that end in crashes. State machine, journal, recovery, clock guard, tree,
/// snapshots and indexes are the real ones; submitting, batching, flushing and answering are done here, one step at a time in an order that the seed gives.
/// </summary>
internal sealed class World
{
    private const string DataDirectory = "/ledger";
    private const string CheckpointPath = DataDirectory + "/" + CheckpointStore.FileName;
    private const int MostPending = 3;
    private const int MostChains = 24;
    private const int EnoughBytes = 12 << 10;
    // Of the newest chains and ids; many more are in a segment or two.
    private const int Reach = 400;
    private const long HourMilliseconds = 60 * 60 * 1000;

    private readonly int seed;
    private readonly Random random;
    private readonly SimulatedDisk disk;
    private readonly SimulatedClock clock = new();
    private readonly RandomChains chains;
    private readonly LedgerOptions options = new()
    {
        Directory = DataDirectory,
        Origin = "simulation.example/ledger",
        CheckpointKey = SigningKey.FromSeed([.. Enumerable.Repeat((byte)5, 32)]),
        SegmentBytes = 64 << 10,
    };

    // What must be there, whatever happens: frames that were flushed or recovered, with the world after each.
    private readonly List<WrittenFrame> frames = [];
    private readonly Dictionary<string, byte[]> segmentHeads = [];
    private readonly List<Submission> answered = [];
    private readonly List<AccountSnapshot> seen = [];
    private readonly Dictionary<string, long> notes = [];
    private long newestGivenOut;
    private bool isFlipped;
    private bool isServed;

    // Sent and not answered, in the order in which it was sent; and a frame that was being written when the process ended.
    private List<Submission> unanswered = [];
    private WrittenFrame? inFlight;

    // One life.
    private readonly Queue<Submission> queue = new();
    private readonly Queue<Batch> pending = new();
    private readonly List<AccountSnapshot> unseen = [];
    private Queue<Submission> toSend = new();
    private SteppedLedger ledger = null!;
    private NaiveLedger model = null!;
    private ClockGuard guard = null!;
    private long goodOffset;
    private bool isOpening;

    public World(int seed)
    {
        this.seed = seed;
        random = new(seed);
        disk = new(new Random(unchecked(seed * 31 + 7)), Counts);
        chains = new(seed, Reach);
        model = new(UInt128.One << 127);
        frames.Add(new(null, model.Copy(), 0, new()));
        unanswered = [.. chains.Beginning().Select(chain => new Submission(chain))];
    }

    public FaultCounts Counts { get; } = new();

    public int AnsweredCommands { get; private set; }

    public bool IsOver { get; private set; }

    /// <summary>The same seed must give the same.</summary>
    public string Fingerprint => $"{disk.Operations} operations, {answered.Count} answers, {frames.Count} frames, root {Convert.ToHexStringLower(frames[^1].Root)}: {Counts}";

    private bool IsHonest => !disk.HasLied && !isFlipped;

    private long DurableSize => frames[^1].EndPosition;

    /// <summary>Lives several lives with a fault or two in each; then, for some seeds, one on a disk that lies; and looks at what is left.</summary>
    public void Run()
    {
        var lives = random.Next(3, 8);
        for (var life = 0; life < lives; life++)
        {
            // Now and then one grows up in peace.
            if (random.Next(4) > 0) PlanHonestFaults();
            Live(random.Next(40, 300));
        }
        switch (random.Next(6))
        {
            case 0:
                // No lie: everything must be there.
                break;
            case 1 or 2:
                disk.CutPower();
                isFlipped = true;
                var paths = disk.Paths.Where(path => path.EndsWith(".segment", StringComparison.Ordinal) || path == CheckpointPath).ToList();
                if (paths.Count > 0) disk.FlipAtRest(paths[random.Next(paths.Count)]);
                break;
            default:
                disk.NextLie = (Lie)random.Next(3);
                disk.LiesFrom = disk.Operations + random.Next(60);
                Live(random.Next(40, 160), mayCloseWell: false);
                disk.CutPower();
                break;
        }
        LookBack();
    }

    /// <summary>Lives once to a crash at one operation, and looks at what is left.</summary>
    /// <returns>False if there were not so many operations.</returns>
    public bool RunToCrashAt(long operation, bool isPowerCut)
    {
        disk.CrashAt = operation;
        disk.CrashIsPowerCut = isPowerCut;
        Live(150, mayCloseWell: false);
        var crashed = disk.Operations == operation;
        LookBack();
        return crashed;
    }

    private void LookBack()
    {
        if (IsOver) return;
        try
        {
            var forecast = Predict();
            var check = LedgerCheck.Run(DataDirectory, new CheckpointKey(options.Origin, options.CheckpointKey.Verifier), disk);
            var isAnyThere = disk.Paths.Any(path => path.EndsWith(".segment", StringComparison.Ordinal));
            if (IsHonest ? !check.IsSound && isAnyThere : check.IsSound && forecast.MustReportFrom(0)) throw Wrong($"the check says {check.Damage} {check.Checkpoint?.Finding}: {forecast}");
            Open();
            if (IsOver)
            {
                if (isServed && !check.IsSound) Counts.Add(Fault.DamageFoundByCheck);
                return;
            }
            var inspection = new Inspection(ledger, frames, random, Wrong);
            CheckRoot();
            inspection.CheckProofs(DurableSize / 100);
            CountMended();
            inspection.CheckRecords(answered, seen);
        }
        catch (Exception error) when (error is not WrongWorldException)
        {
            throw Wrong($"it does not open: {error}");
        }
    }

    private void PlanHonestFaults()
    {
        disk.CrashAt = disk.Operations + (random.Next(4) == 0 ? random.Next(1, 8) : random.Next(1, 500));
        disk.CrashIsPowerCut = random.Next(2) == 0;
        if (random.Next(3) == 0) disk.FlushFailsFrom = disk.Operations + random.Next(300);
        if (random.Next(6) == 0) disk.WriteFailsFrom = disk.Operations + random.Next(300);
        if (random.Next(6) == 0)
        {
            disk.NextDerivedLie = (Lie)random.Next(3);
            disk.DerivedLiesFrom = disk.Operations + random.Next(200);
        }
    }

    // From opening to an end: a crash that was planned, an error of the disk, or after so many steps.
    private void Live(int steps, bool mayCloseWell = true)
    {
        if (IsOver) return;
        try
        {
            Open();
            if (IsOver) return;
            var fullFrom = random.Next(3) == 0 ? random.Next(steps) : steps;
            for (var step = 0; step < steps; step++)
            {
                if (step == fullFrom) disk.IsFull = true;
                if (disk.IsFull && random.Next(20) == 0) disk.IsFull = false;
                Step();
            }
            disk.IsFull = false;
            if (mayCloseWell && random.Next(2) == 0) Close();
            disk.Restart();
            if (random.Next(2) == 0) disk.CutPower();
        }
        catch (CrashException crash)
        {
            if (isOpening) Counts.Add(Fault.CrashWhileOpening);
            if (crash.IsPowerCut) disk.CutPower();
            else disk.Restart();
        }
        catch (Exception error) when (error is IOException or LedgerUnreadyException)
        {
            // The ledger ends its process at an error of the disk, and does not open without room; the power may fail then too.
            disk.Restart();
            if (random.Next(2) == 0) disk.CutPower();
        }
        if (!IsOver && random.Next(6) == 0) disk.DamageDerived();
        if (inFlight is { Place: null } && disk.LastSegmentWrite is { } write) inFlight = inFlight with { Place = write };
        // A frame that was never begun cannot be there.
        if (inFlight is { Place: null }) inFlight = null;
        unanswered = [.. pending.SelectMany(batch => batch.Answers), .. queue, .. toSend];
        pending.Clear();
        queue.Clear();
        unseen.Clear();
    }

    private void Step()
    {
        switch (random.Next(14))
        {
            case < 4: Submit(); break;
            case < 6 when pending.Count < MostPending: Apply(); break;
            case < 8 when pending.Count > 0: Flush(); break;
            case 8: PassTime(); break;
            case 9 when random.Next(8) == 0: Sign(); break;
            case 9: Look(); break;
            case > 9: ledger.Step(random.Next(4)); break;
        }
    }

    private void Submit()
    {
        if (guard.NotReadyReason is not null)
        {
            Counts.Add(Fault.RefusedForClock);
            return;
        }
        // Once there is room again, the real preparer's thread would have found out by itself; this one does with the next frame.
        if (ledger.NotReadyReason is not null && disk.IsFull)
        {
            Counts.Add(Fault.RefusedForRoom);
            return;
        }
        for (var count = random.Next(1, 7); count > 0; count--) queue.Enqueue(toSend.TryDequeue(out var old) ? old : new(chains.NextChain()));
    }

    private void Apply()
    {
        var time = guard.BeginBatch();
        chains.Now = time;
        var batch = new Batch(ledger.State.NextPosition, time);
        model.BeginBatch(time);
        ledger.State.BeginBatch(time, batch.Records);
        while (batch.Answers.Count < MostChains && batch.Records.Length < EnoughBytes && queue.TryDequeue(out var submission))
        {
            var expected = model.Apply(submission.Chain);
            ledger.SealedIds.Prepare(ledger.State, submission.Chain);
            ledger.State.ApplyChain(submission.Chain, submission.Results, batch.Records);
            if (!expected.SequenceEqual(submission.Results))
                throw Wrong($"{string.Join(" + ", submission.Chain)}\n gave {string.Join(", ", submission.Results)}\n not {string.Join(", ", expected)}");
            batch.Answers.Add(submission);
        }
        batch.Model = model.Copy();
        batch.Digest = ledger.State.Digest;
        if (batch.Answers.Count > 0 || batch.Records.Length > 0) pending.Enqueue(batch);
    }

    private void Flush()
    {
        if (!ledger.MayAppend()) return;
        var batch = pending.Peek();
        if (batch.Records.Offsets.Count > 0)
        {
            var records = batch.Records;
            var seedOfBatch = new byte[FrameHeader.SeedLength];
            random.NextBytes(seedOfBatch);
            var header = new FrameHeader
            {
                FirstPosition = batch.FirstPosition,
                UnixMilliseconds = batch.UnixMilliseconds,
                StateDigest = batch.Digest,
                Seed = seedOfBatch,
                RecordCount = records.Offsets.Count,
                RecordBytes = records.Length,
            };
            disk.LastSegmentWrite = null;
            inFlight = new(null, batch.Model, batch.Digest, EdgeAfter(header, records));
            ledger.Append(header, records);
            frames.Add(inFlight with { Place = disk.LastSegmentWrite });
            inFlight = null;
            KnowSegments();
        }
        pending.Dequeue();
        foreach (var submission in batch.Answers) Answer(submission);
        seen.AddRange(unseen.Where(account => account.LastPosition < DurableSize));
        unseen.RemoveAll(account => account.LastPosition < DurableSize);
    }

    private TreeEdge EdgeAfter(in FrameHeader header, BatchBuffer records)
    {
        var edge = frames[^1].Edge.Copy();
        var hashes = new byte[header.RecordCount * MerkleTree.HashLength];
        new LeafBuilder().HashLeaves(header, records.Bytes.AsSpan(0, records.Length), hashes);
        var completed = new byte[TreeEdge.MaxLevels * MerkleTree.HashLength];
        for (var at = 0; at < hashes.Length; at += MerkleTree.HashLength) edge.Add(hashes.AsSpan(at, MerkleTree.HashLength), completed);
        return edge;
    }

    private void Close()
    {
        while (pending.Count > 0 && ledger.MayAppend()) Flush();
        if (pending.Count > 0) return;
        KnowNote(frames[^1]);
        ledger.Close(DurableSize);
        newestGivenOut = ledger.Proofs.SignedSize;
    }

    private void Answer(Submission submission)
    {
        AnsweredCommands += submission.Chain.Length;
        chains.Learn(submission.Chain, submission.Results);
        if (submission.First is { } first && submission.Chain.All(command => command.Kind != RecordKind.OpenAccount))
        {
            for (var i = 0; i < first.Length; i++)
            {
                if (first[i].Position >= 0 && (submission.Results[i].Position != first[i].Position || submission.Results[i].Outcome != first[i].Outcome || !submission.Results[i].IsDuplicate))
                    throw Wrong($"{submission.Chain[i]} was answered {first[i]}, and again {submission.Results[i]}");
            }
        }
        if (submission.IsSentAgain && submission.Results.Any(result => result.Position >= 0))
            Counts.Add(submission.Results.Any(result => result.IsDuplicate && result.Position >= 0) ? Fault.RepeatedAfterAll : Fault.CarriedOutAtLast);
        if (submission.Results.Any(result => result.IsDuplicate && result.Position >= 0 && result.Position < ledger.SealedEnd)) Counts.Add(Fault.RepeatedFromSealed);
        answered.Add(submission);
    }

    private void PassTime()
    {
        if (guard.NotReadyReason is null)
        {
            goodOffset = clock.OffsetMilliseconds;
            switch (random.Next(12))
            {
                case 0: Jump(random.NextInt64(-4 * 60_000, 4 * 60_000)); break;
                case 1: Jump(HourMilliseconds); break;
                case 2: Jump(-HourMilliseconds); break;
                case 3: clock.Pass(60_000); break;
                default: clock.Pass(random.Next(4) * 1_000); break;
            }
        }
        else if (random.Next(2) == 0)
        {
            clock.OffsetMilliseconds = goodOffset;
        }
        else
        {
            clock.Pass(6 * 60_000);
        }

        void Jump(long milliseconds)
        {
            Counts.Add(milliseconds > 0 ? Fault.ClockJumpForward : Fault.ClockJumpBack);
            clock.OffsetMilliseconds += milliseconds;
        }
    }

    // An account is shown once all that it shows is on disk.
    private void Look()
    {
        if (ledger.State.TryGetAccount((UInt128)random.Next(1, 13), out var account)) (account.LastPosition < DurableSize ? seen : unseen).Add(account);
    }

    private void Sign()
    {
        KnowNote(frames.Find(frame => frame.EndPosition == ledger.Proofs.CoveredSize)!);
        var signing = ledger.Proofs.GetCheckpointAsync(0).AsTask();
        if (signing.IsCompletedSuccessfully) newestGivenOut = signing.Result.Checkpoint.Size;
        // Whoever asked is told that there is none now; but a crash is one.
        else if (signing.Exception!.InnerException is not LedgerUnreadyException and { } error) ExceptionDispatchInfo.Throw(error);
    }

    // A note that may come to be stored.
    private void KnowNote(WrittenFrame frame)
    {
        var checkpoint = new Checkpoint(options.Origin, frame.EndPosition, frame.Root);
        notes[checkpoint.Sign(options.CheckpointKey)] = frame.EndPosition;
    }

    private Forecast Predict() => Forecast.Of(disk, frames, inFlight, segmentHeads, SignedSize());

    private void Open()
    {
        isOpening = true;
        isServed = false;
        var forecast = Predict();
        var (wasDamaged, errors) = (disk.HasDamagedDerived, Counts[Fault.FailedWrite] + Counts[Fault.FailedFlush] + Counts[Fault.FailedButPersistedFlush]);
        try
        {
            ledger = new(disk, options, Counts);
        }
        catch (LedgerDamagedException damage)
        {
            if (IsHonest) throw Wrong($"an honest disk is called damaged: {damage.Message}");
            Counts.Add(Fault.DamageReported);
            IsOver = true;
            return;
        }

        isServed = true;
        var count = frames.FindIndex(frame => frame.EndPosition == ledger.State.NextPosition);
        if (count < 0 && inFlight?.EndPosition == ledger.State.NextPosition) count = frames.Count;
        var from = ledger.Restored is { } snapshot ? frames.FindIndex(frame => frame.EndPosition == snapshot.NextPosition) : 0;
        if (forecast.MustReportFrom(from)) throw Wrong($"{count} frames were served of a disk that is damaged, from {from} on: {forecast}");
        if (count != forecast.FramesFrom(from)) throw Wrong($"{count} frames were found, from {from} on: {forecast}");
        var isKept = count == frames.Count;
        if (isKept) frames.Add(inFlight!);
        var inspection = new Inspection(ledger, frames, random, Wrong);
        inspection.CheckState(frames[count]);
        if (!IsHonest)
        {
            // What it lost it lost at the very end, unsigned; nothing that is left is wrong.
            if (count < frames.Count - 1) Counts.Add(Fault.LieAboutTheEnd);
            IsOver = true;
            return;
        }
        if (count < frames.Count - 1) throw Wrong($"an honest disk lost what was answered: {forecast}");
        if (ledger.Proofs.SignedSize < newestGivenOut) throw Wrong($"a checkpoint of {newestGivenOut} records was given out, and {ledger.Proofs.SignedSize} is stored");
        newestGivenOut = ledger.Proofs.SignedSize;
        inspection.CheckProofs(Math.Min(DurableSize, 2));
        CountMended();
        if (!wasDamaged && ledger.SnapshotNotes.Count > 0 && errors == Counts[Fault.FailedWrite] + Counts[Fault.FailedFlush] + Counts[Fault.FailedButPersistedFlush])
            throw Wrong($"a snapshot was not used that nothing damaged: {ledger.SnapshotNotes[0]}");

        // Until the end is cut and flushed, another crash may show it otherwise.
        if (isKept) frames.RemoveAt(frames.Count - 1);
        if (ledger.Recover()) Counts.Add(Fault.TornEndCut);
        if (inFlight is not null) Counts.Add(isKept ? Fault.UnansweredFrameKept : Fault.UnansweredFrameLost);
        if (isKept) frames.Add(inFlight!);
        inFlight = null;
        isOpening = false;

        segmentHeads.Clear();
        KnowSegments();
        model = frames[^1].Model.Copy();
        if (model.Forgotten.Any()) Counts.Add(Fault.AccountsForgotten);
        guard = new(clock, ledger.State.UnixMilliseconds);
        // As the writer does when it starts.
        guard.BeginBatch();
        var again = unanswered.Select(submission => submission.Again(isUnanswered: true)).ToList();
        for (var i = Math.Min(5, answered.Count); i > 0; i--) again.Add(answered[random.Next(answered.Count)].Again(isUnanswered: false));
        toSend = new(again);
    }

    private void CountMended()
    {
        if (ledger.Proofs.MendedTiles == 0) return;
        if (!disk.HasDamagedDerived) throw Wrong("a tile was mended that nothing damaged");
        Counts.Add(Fault.TileMended);
    }

    // The root that is signed over all of it.
    private void CheckRoot()
    {
        var signing = ledger.Proofs.GetCheckpointAsync(DurableSize).AsTask();
        if (signing.Result.Checkpoint is var checkpoint && (checkpoint.Size != DurableSize || !checkpoint.Root.AsSpan().SequenceEqual(frames[^1].Root))) throw Wrong("another root is signed");
    }

    // What the stored checkpoint signs; null if it is none that was ever signed.
    private long? SignedSize() => !disk.Exists(CheckpointPath) ? 0 : notes.TryGetValue(Encoding.UTF8.GetString(disk.Content(CheckpointPath)), out var size) ? size : null;

    private void KnowSegments()
    {
        foreach (var path in disk.Paths)
        {
            if (path.EndsWith(".segment", StringComparison.Ordinal)) segmentHeads.TryAdd(path, disk.Content(path)[..Frame.BlockBytes].ToArray());
        }
    }

    private WrongWorldException Wrong(string what) => new($"Seed {seed}, operation {disk.Operations}: {what}");
}
