using System.Text;
using Farthing.Ledger;
using Farthing.Ledger.Journal;
using Farthing.Ledger.Proofs;
using Farthing.Ledger.Sequencing;
using Farthing.Ledger.State;
using Farthing.Ledger.Tests.State;
using Farthing.Protocol;

namespace Farthing.Simulation;

/// <summary>The ledger went wrong in a simulated world.</summary>
internal sealed class WrongWorldException(string message) : Exception(message);

/// <summary>
/// One ledger over one simulated disk, through several lives that end in crashes. State machine, journal, recovery, replay, clock guard, tree and checkpoint
/// check are the real ones; submitting, batching, flushing and answering are done here, one step at a time in an order that the seed gives.
/// </summary>
internal sealed class World
{
    private const string DataDirectory = "/ledger";
    private const string CheckpointPath = DataDirectory + "/" + CheckpointStore.FileName;
    private const string Origin = "simulation.example/ledger";
    private const int SegmentBytes = 64 << 10;
    private const int MostPending = 3;
    private const int MostChains = 24;
    private const int EnoughBytes = 12 << 10;
    private const long HourMilliseconds = 60 * 60 * 1000;

    private readonly int seed;
    private readonly Random random;
    private readonly SimulatedDisk disk;
    private readonly SimulatedClock clock = new();
    private readonly RandomChains chains;
    private readonly SigningKey key = SigningKey.FromSeed([.. Enumerable.Repeat((byte)5, 32)]);

    // What must be there, whatever happens: frames that were flushed or recovered, with the world after each.
    private readonly List<WrittenFrame> frames = [];
    private readonly Dictionary<string, byte[]> segmentHeads = [];
    private readonly List<Submission> answered = [];
    private readonly List<AccountSnapshot> seen = [];
    private readonly Dictionary<string, long> notes = [];
    private long newestGivenOut;
    private bool isFlipped;

    // Sent and not answered, in the order in which it was sent; and a frame that was being written when the process ended.
    private List<Submission> unanswered = [];
    private WrittenFrame? inFlight;

    // One life.
    private readonly Queue<Submission> queue = new();
    private readonly Queue<Batch> pending = new();
    private readonly List<AccountSnapshot> unseen = [];
    private Queue<Submission> toSend = new();
    private FileJournal journal = null!;
    private LedgerState state = null!;
    private JournalTree tree = null!;
    private NaiveLedger model = null!;
    private ClockGuard guard = null!;
    private long goodOffset;
    private bool isOpening;

    public World(int seed)
    {
        this.seed = seed;
        random = new(seed);
        disk = new(new Random(unchecked(seed * 31 + 7)), Counts);
        chains = new(seed);
        model = new(UInt128.One << 127);
        frames.Add(new(null, model.Copy(), 0, new JournalTree(0).Root(), 0));
        unanswered = [.. chains.Beginning().Select(chain => new Submission(chain))];
    }

    public FaultCounts Counts { get; } = new();

    public int AnsweredCommands { get; private set; }

    public bool IsOver { get; private set; }

    /// <summary>The same seed must give the same.</summary>
    public string Fingerprint => $"{disk.Operations} operations, {answered.Count} answers, {frames.Count} frames, root {Convert.ToHexStringLower(frames[^1].Root)}: {Counts}";

    private long DurableSize => frames[^1].EndPosition;

    /// <summary>Lives several lives with a fault or two in each; then, for some seeds, one on a disk that lies; and looks at what is left.</summary>
    public void Run()
    {
        var lives = random.Next(3, 8);
        for (var life = 0; life < lives; life++)
        {
            PlanHonestFaults();
            Live(random.Next(40, 160));
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
                disk.NextLie = (Lie)random.Next(1, 4);
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
            Open();
            if (!IsOver) CheckRecords();
        }
        catch (Exception error) when (error is not WrongWorldException)
        {
            throw Wrong($"it does not open: {error}");
        }
    }

    private void PlanHonestFaults()
    {
        disk.CrashAt = disk.Operations + (random.Next(4) == 0 ? random.Next(1, 8) : random.Next(1, 160));
        disk.CrashIsPowerCut = random.Next(2) == 0;
        if (random.Next(3) == 0) disk.FlushFailsFrom = disk.Operations + random.Next(60);
        if (random.Next(6) == 0) disk.WriteFailsFrom = disk.Operations + random.Next(60);
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
            if (mayCloseWell && random.Next(2) == 0) while (pending.Count > 0) Flush();
            disk.Restart();
            if (random.Next(2) == 0) disk.CutPower();
        }
        catch (CrashException crash)
        {
            if (isOpening) Counts.Add(Fault.CrashWhileOpening);
            if (crash.IsPowerCut) disk.CutPower();
            else disk.Restart();
        }
        catch (IOException)
        {
            // The ledger ends its process at any error of the disk; the power may fail then too.
            disk.Restart();
            if (random.Next(2) == 0) disk.CutPower();
        }
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
        switch (random.Next(10))
        {
            case < 4: Submit(); break;
            case < 6 when pending.Count < MostPending: Apply(); break;
            case < 8 when pending.Count > 0: Flush(); break;
            case 8: PassTime(); break;
            case 9 when random.Next(8) == 0: Sign(); break;
            case 9: Look(); break;
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
        if (journal.NotReadyReason is not null && disk.IsFull)
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
        var batch = new Batch(state.NextPosition, time);
        model.BeginBatch(time);
        state.BeginBatch(time, batch.Records);
        while (batch.Answers.Count < MostChains && batch.Records.Length < EnoughBytes && queue.TryDequeue(out var submission))
        {
            var expected = model.Apply(submission.Chain);
            state.ApplyChain(submission.Chain, submission.Results, batch.Records);
            if (!expected.SequenceEqual(submission.Results))
                throw Wrong($"{string.Join(" + ", submission.Chain)}\n gave {string.Join(", ", submission.Results)}\n not {string.Join(", ", expected)}");
            batch.Answers.Add(submission);
        }
        batch.Model = model.Copy();
        batch.Digest = state.Digest;
        if (batch.Answers.Count > 0 || batch.Records.Length > 0) pending.Enqueue(batch);
    }

    private void Flush()
    {
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
            tree.Add(new Frame(header, records.Bytes.AsMemory(0, records.Length), default));
            disk.LastSegmentWrite = null;
            inFlight = new(null, batch.Model, batch.Digest, tree.Root(), header.EndPosition);
            journal.Append(header, records);
            frames.Add(inFlight with { Place = disk.LastSegmentWrite });
            inFlight = null;
            KnowSegments();
        }
        pending.Dequeue();
        foreach (var submission in batch.Answers) Answer(submission);
        seen.AddRange(unseen.Where(account => account.LastPosition < DurableSize));
        unseen.RemoveAll(account => account.LastPosition < DurableSize);
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
        if (state.TryGetAccount((UInt128)random.Next(1, 13), out var account)) (account.LastPosition < DurableSize ? seen : unseen).Add(account);
    }

    private void Sign()
    {
        var checkpoint = new Checkpoint(Origin, DurableSize, frames[^1].Root);
        var note = new SignedCheckpoint(checkpoint, checkpoint.Sign(key)).Note;
        notes[note] = DurableSize;
        try
        {
            DurableFiles.Replace(CheckpointPath, Encoding.UTF8.GetBytes(note), null, disk);
            newestGivenOut = checkpoint.Size;
        }
        catch (IOException)
        {
            // Whoever asked is told that there is none now.
        }
    }

    private void Open()
    {
        isOpening = true;
        var forecast = Forecast.Of(disk, frames, inFlight, segmentHeads, SignedSize());
        var count = 0;
        try
        {
            journal = FileJournal.Open(FileJournal.DirectoryIn(DataDirectory), SegmentBytes, (message, error) => throw Wrong($"{message} {error}"), disk, preparesBeside: false);
            state = new();
            var checkpoint = StoredCheckpoint.Read(DataDirectory, new CheckpointKey(Origin, key.Verifier), disk);
            tree = new(checkpoint?.Size ?? 0);
            var replay = new Replay(state);
            foreach (var frame in journal.ReadFrames(JournalMark.Beginning))
            {
                replay.Apply(frame);
                tree.Add(frame);
                count++;
            }
            if (checkpoint is not null && LedgerCheck.Compare(checkpoint, tree) is { Matches: false } finding)
            {
                Counts.Add(Fault.CheckpointContradicted);
                throw new LedgerDamagedException(finding.Finding);
            }
            // Its name may be newer than the last flush, and it is given out again.
            if (checkpoint is not null) disk.FlushDirectory(DataDirectory);
            if (!disk.HasLied && !isFlipped && (checkpoint?.Size ?? 0) < newestGivenOut) throw Wrong($"a checkpoint of {newestGivenOut} records was given out, and {checkpoint?.Size} is stored");
            newestGivenOut = checkpoint?.Size ?? 0;
        }
        catch (LedgerDamagedException damage)
        {
            if (!disk.HasLied && !isFlipped) throw Wrong($"an honest disk is called damaged: {damage.Message}");
            Counts.Add(Fault.DamageReported);
            IsOver = true;
            return;
        }

        if (forecast.MustReport) throw Wrong($"{count} frames were served of a disk that is damaged: {forecast}");
        if (count != forecast.Frames) throw Wrong($"{count} frames were found, not {forecast.Frames}: {forecast}");
        var isKept = count == frames.Count;
        if (isKept) frames.Add(inFlight!);
        CheckState(frames[count]);
        if (count < frames.Count - 1 || disk.HasLied || isFlipped)
        {
            if (!disk.HasLied && !isFlipped) throw Wrong($"an honest disk lost what was answered: {forecast}");
            // What it lost it lost at the very end, unsigned; nothing that is left is wrong.
            if (count < frames.Count - 1) Counts.Add(Fault.LieAboutTheEnd);
            IsOver = true;
            return;
        }

        // Until the end is cut and flushed, another crash may show it otherwise.
        if (isKept) frames.RemoveAt(frames.Count - 1);
        if (journal.Recover() is not null) Counts.Add(Fault.TornEndCut);
        if (inFlight is not null) Counts.Add(isKept ? Fault.UnansweredFrameKept : Fault.UnansweredFrameLost);
        if (isKept) frames.Add(inFlight!);
        inFlight = null;
        isOpening = false;

        segmentHeads.Clear();
        KnowSegments();
        model = frames[^1].Model.Copy();
        guard = new(clock, state.UnixMilliseconds);
        // As the writer does when it starts.
        guard.BeginBatch();
        var again = unanswered.Select(submission => submission.Again(isUnanswered: true)).ToList();
        for (var i = Math.Min(5, answered.Count); i > 0; i--) again.Add(answered[random.Next(answered.Count)].Again(isUnanswered: false));
        toSend = new(again);
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

    private void CheckState(WrittenFrame last)
    {
        if (state.Digest != last.Digest) throw Wrong("the digest is another one after replay");
        if (!tree.Root().AsSpan().SequenceEqual(last.Root)) throw Wrong("the root is another one after replay");
        if (state.NextPosition != last.Model.NextPosition) throw Wrong($"{state.NextPosition} records, not {last.Model.NextPosition}");
        foreach (var (id, balances, flags) in last.Model.Accounts)
        {
            if (!state.TryGetAccount(id, out var account) || account.Balances != balances || account.Flags != flags) throw Wrong($"account {id}: {account}, not {balances} {flags}");
        }
        if (state.Totals().Values.Any(total => total.Debits != total.Credits)) throw Wrong("debits and credits differ");
    }

    // Each record by itself, from the first byte on: what was answered and shown is there, and no id is bound twice.
    private void CheckRecords()
    {
        var records = new List<JournalRecord>();
        foreach (var frame in journal.ReadFrames(JournalMark.Beginning))
        {
            var bytes = frame.Records.Span;
            for (var position = frame.Header.FirstPosition; position < frame.Header.EndPosition; position++)
            {
                if (!RecordCodec.TryRead(bytes, position, frame.Header.UnixMilliseconds, out var record, out var length)) throw Wrong($"record {position} cannot be read");
                bytes = bytes[length..];
                records.Add(record);
            }
        }
        var bound = new HashSet<UInt128>();
        foreach (var record in records)
        {
            if (record.Command.Kind == RecordKind.Expire || (record.Command.Kind == RecordKind.OpenAccount && record.Outcome != Outcome.Done)) continue;
            if (!bound.Add(record.Command.Id)) throw Wrong($"{record.Command} was carried out twice");
        }
        foreach (var submission in answered)
        {
            for (var i = 0; i < submission.Chain.Length; i++)
            {
                var (result, command) = (submission.Results[i], submission.Chain[i]);
                if (result.Position < 0) continue;
                if (result.Position >= records.Count || records[(int)result.Position].Command.Id != command.Id || records[(int)result.Position].Outcome != result.Outcome)
                    throw Wrong($"{command} was answered {result}, and is not there");
            }
        }
        foreach (var account in seen)
        {
            if (account.LastPosition >= records.Count) throw Wrong($"{account} was shown, and is not there");
            var record = records[(int)account.LastPosition];
            if ((record.Command.Debit == account.Id ? record.DebitAfter : record.CreditAfter) != account.Balances) throw Wrong($"{account} was shown, and its record says otherwise");
        }
    }

    private WrongWorldException Wrong(string what) => new($"Seed {seed}, operation {disk.Operations}: {what}");

    /// <summary>One chain, and what became of it.</summary>
    private sealed record Submission(Command[] Chain)
    {
        public CommandResult[] Results { get; private init; } = new CommandResult[Chain.Length];

        /// <summary>The answer that was given before; null if there was none.</summary>
        public CommandResult[]? First { get; private init; }

        public bool IsSentAgain { get; private init; }

        public Submission Again(bool isUnanswered) => this with { Results = new CommandResult[Chain.Length], First = isUnanswered ? First : Results, IsSentAgain = isUnanswered };
    }

    private sealed record Batch(long FirstPosition, long UnixMilliseconds)
    {
        public BatchBuffer Records { get; } = new();

        public List<Submission> Answers { get; } = [];

        public NaiveLedger Model { get; set; } = null!;

        public UInt128 Digest { get; set; }
    }
}
