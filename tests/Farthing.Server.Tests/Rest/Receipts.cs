using System.Text;
using Farthing.Protocol;

namespace Farthing.Server.Tests.Rest;

internal static class Receipts
{
    /// <summary>That a receipt holds, by the operator's public key and nothing else.</summary>
    public static async Task<Receipt> AssertValidAsync(Api api, Reply reply)
    {
        Assert.True(Receipt.TryParse(Encoding.UTF8.GetBytes(reply.Text), out var receipt), reply.Text);
        Assert.True(CheckpointKey.TryParse((await api.GetAsync("/v1/ledger/key")).Text.TrimEnd(), out var key));
        var verdict = receipt.Verify(key);
        Assert.True(verdict.IsValid, string.Join('\n', verdict.Findings));
        return receipt;
    }
}
