using Farthing.Payments;
using Farthing.Payments.Desk;
using Farthing.Payments.Meters;
using Farthing.Payments.Payees;
using Farthing.Payments.Wallets;
using Farthing.Protocol;
using Microsoft.AspNetCore.Mvc;

namespace Farthing.Server.Pages;

/// <summary>One payment of this browser: what it was, its receipt, and the way to take it back.</summary>
internal sealed class PaymentModel(PaymentSystem payments, TimeProvider time) : WalletPage(payments)
{
    /// <summary>The payment; set unless there is an obstacle.</summary>
    public Payment Payment { get; private set; } = null!;

    /// <summary>Who was paid; set unless there is an obstacle.</summary>
    public Payee Payee { get; private set; } = null!;

    /// <summary>How many one-click refunds the wallet has left with the payee this month.</summary>
    public int RefundsLeft { get; private set; }

    /// <summary>The meter that says what the payment costs, while it runs; null for every other payment.</summary>
    public Meter? Running { get; private set; }

    /// <summary>Why the refund that was just asked for did not happen, or null.</summary>
    public string? Notice { get; private set; }

    /// <summary>What has not been given back.</summary>
    public Amount Kept => Payment.Amount - Payment.Refunded;

    /// <summary>True while there is something that the wallet can take back by itself.</summary>
    public bool IsRefundOpen => Payment.Status == PaymentStatus.Posted && !Kept.IsZero && !Payment.IsRefundedByPayeeOnly && Payment.RefundableUntil is { } until && time.GetUtcNow() < until;

    /// <summary>What was paid for, in words; null if nothing says.</summary>
    public string? For { get; private set; }

    /// <summary>The page that was paid for, on the payee's registered site; null if that is not known.</summary>
    public string? Bought => Payee.Website is { } website && Payment.Resource is ['/', ..] path ? website + new PathString(path).ToUriComponent() : null;

    public async Task<IActionResult> OnGetAsync(string? id) => (await LoadAsync(id)).Refused ?? Page();

    /// <summary>The receipt, as a file to keep.</summary>
    public async Task<IActionResult> OnGetReceiptAsync(string? id)
    {
        var (wallet, refused) = await LoadAsync(id);
        if (wallet is null) return refused!;
        var receipt = await Payments.Receipts.WriteAsync(Owner(wallet), Payment.Id, HttpContext.RequestAborted);
        return receipt.IsGiven
            ? File(receipt.Value.ToJson(), "application/json", $"receipt-{Payment.Id}.json")
            : Refuse(receipt.Refusal);
    }

    /// <summary>Takes back all that is left.</summary>
    public async Task<IActionResult> OnPostRefundAsync(string? id, [FromForm] string? key)
    {
        var (wallet, refused) = await LoadAsync(id);
        if (wallet is null) return refused!;
        if (!IdempotencyKey.TryParse(key, out var formKey)) return new SeeOtherResult($"/payments/{Payment.Id}");
        var refund = await Payments.Desk.RefundAsync(Owner(wallet), Payment.Id, formKey, null);
        if (refund.IsGiven) return new SeeOtherResult($"/payments/{Payment.Id}");

        Response.StatusCode = refund.Refusal.Code.HttpStatus;
        Notice = $"{refund.Refusal.Code.Title} {refund.Refusal.Code.WhatToDo}";
        return Page();
    }

    /// <summary>Stops the meter. A stopped one stays as it is.</summary>
    public async Task<IActionResult> OnPostStopAsync(string? id)
    {
        var (wallet, refused) = await LoadAsync(id);
        if (wallet is null) return refused!;
        var stopped = await Payments.Meters.StopAsync(Owner(wallet), new(Payment.Id.Value));
        return stopped.IsGiven ? new SeeOtherResult($"/payments/{Payment.Id}") : Refuse(stopped.Refusal);
    }

    private async ValueTask<(Wallet? Wallet, IActionResult? Refused)> LoadAsync(string? id)
    {
        if (Id<PaymentKind>.TryParse(id, out var payment))
        {
            foreach (var wallet in await FindWalletsAsync())
            {
                var read = await Payments.Desk.ReadAsync(Owner(wallet), payment);
                if (!read.IsGiven || await Payments.Payees.FindAsync(read.Value.Payee) is not { } payee) continue;
                Payment = read.Value;
                Payee = payee;
                For = await NameAsync(Payment.Resource, Payment.Offer);
                if (Payment.Status == PaymentStatus.Held && await Payments.Meters.ReadAsync(Owner(wallet), new(Payment.Id.Value)) is { IsGiven: true, Value: { StoppedAt: null } meter }) Running = meter;
                RefundsLeft = await Payments.Desk.RefundsLeftAsync(wallet.Id, payee.Id);
                return (wallet, null);
            }
        }

        return (null, Refuse(new Refusal(RefusalCodes.PaymentNotFound, "")));
    }
}
