using Farthing.Ledger;

namespace Farthing.Payments.Desk;

/// <summary>Many payments at once, independent of each other: prepared while those before them are on their way to disk, answered together.</summary>
/// <remarks>Used for one batch, by one thread at a time.</remarks>
internal sealed class PaymentBatch(Ledger.Ledger ledger, PaymentPricer pricer, PaymentMaker maker)
{
    // A submission of this many commands stays off the large object heap.
    private const int CommandsPerSubmission = 256;

    private readonly List<Submission> submissions = [];

    public async ValueTask<Answer<Payment>[]> PayAsync(IReadOnlyList<PaymentRequest> requests)
    {
        var answers = new Answer<Payment>[requests.Count];
        var refused = new List<(int Index, Refusal Refusal)>();
        var filling = new Submission();
        for (var i = 0; i < requests.Count; i++)
        {
            if (pricer.Prepare(requests[i], await pricer.ResolveAsync(requests[i]), out var prepared) is { } refusal)
            {
                refused.Add((i, refusal));
                continue;
            }

            if (await maker.TryAnswerCoveredAsync(prepared!) is { } covered)
            {
                answers[i] = covered;
                continue;
            }

            if (prepared!.GoesAlone)
            {
                // What it costs follows from the one before it, and those before it take their money first.
                if (!filling.IsEmpty) filling = Submit(filling);
                answers[i] = await maker.BuyAloneAsync(prepared);
                continue;
            }

            if (!filling.HasRoomFor(prepared!)) filling = Submit(filling);
            filling.Add(i, prepared!);
        }

        if (!filling.IsEmpty) Submit(filling);
        foreach (var submission in submissions) await submission.AnswerAsync(maker, answers);
        foreach (var (index, refusal) in refused) answers[index] = await maker.AnswerRefusedAsync(requests[index], refusal);
        return answers;
    }

    private Submission Submit(Submission filled)
    {
        filled.Submit(ledger);
        submissions.Add(filled);
        return new Submission();
    }

    /// <summary>Some of the payments, whose commands go to the ledger together.</summary>
    private sealed class Submission
    {
        private readonly List<(int Index, int Start, int Length, PreparedPayment Payment)> payments = [];
        private readonly Command[] commands = new Command[CommandsPerSubmission];
        private Task<CommandResult[]?>? answer;
        private int length;

        public bool HasRoomFor(PreparedPayment payment) => length + payment.MaxLength <= commands.Length;

        public bool IsEmpty => length == 0;

        public void Add(int index, PreparedPayment payment)
        {
            var written = payment.Write(commands.AsSpan(length), 0);
            payments.Add((index, length, written, payment));
            length += written;
        }

        public void Submit(Ledger.Ledger ledger) => answer = ledger.TrySubmitManyAsync(length == commands.Length ? commands : commands[..length]).AsTask();

        public async ValueTask AnswerAsync(PaymentMaker maker, Answer<Payment>[] answers)
        {
            var results = await answer!;
            foreach (var (index, start, written, payment) in payments)
                answers[index] = results is null ? LedgerCalls.NotReady : await maker.AnswerAsync(payment, results.AsSpan(start + payment.ChainStart, written - payment.ChainStart));
        }
    }
}
