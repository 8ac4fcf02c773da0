namespace Farthing.Server.Tests.Rest;

/// <summary>Requests that nobody answered in time.</summary>
[Collection(typeof(MovedClock))]
public sealed class RequestExpiryTests(ClockServer server)
{
    private readonly Api api = server.Api;

    [Fact]
    public async Task A_request_can_be_accepted_until_it_expires_and_then_moves_nothing()
    {
        var (alice, bob) = (await api.NewWalletAsync(), await api.NewWalletAsync("5"));
        var handle = (await api.GetAsync($"/v1/wallets/{bob.Id}", bob.Key))["handle"];
        var body = $$"""{"from":"{{handle}}","amount":{{Api.Amount("1")}},"lifetimeSeconds":86400}""";
        var early = await api.PostAsync("/v1/people/requests", alice.Key, body);
        var late = await api.PostAsync("/v1/people/requests", alice.Key, body);
        var expires = DateTimeOffset.Parse(late["expiresAt"]!);
        Assert.Equal(DateTimeOffset.Parse(late["createdAt"]!).AddDays(1), expires);

        await server.MoveToAsync(expires.AddMinutes(-2));
        Assert.Equal("accepted", (await api.PostAsync($"{early.Headers.Location}/accept", bob.Key, null))["status"]);
        Assert.Equal("open", (await api.GetAsync(late.Headers.Location!.ToString(), bob.Key))["status"]);

        await server.MoveToAsync(expires);
        foreach (var (end, who) in new[] { ("accept", bob), ("decline", bob), ("cancel", alice) })
        {
            var refused = await api.PostAsync($"{late.Headers.Location}/{end}", who.Key, null);
            Expect.Problem(refused, 409, "request_ended");
            Assert.Equal("expired", refused["requestStatus"]);
        }

        Assert.Equal("expired", (await api.GetAsync(late.Headers.Location!.ToString(), alice.Key))["status"]);
        Assert.Equal("accepted", (await api.GetAsync(early.Headers.Location!.ToString(), alice.Key))["status"]);
        Assert.Equal(("4", "0"), await api.BalanceAsync(bob));
    }
}
