namespace Farthing.Server.Tests.Rest;

internal static class Expect
{
    private static readonly string[] AdviceWords = ["same_key", "new_key", "never"];

    /// <summary>That an answer is a whole problem+json with this status and code.</summary>
    public static void Problem(Reply reply, int status, string code)
    {
        Assert.True(reply.MediaType == "application/problem+json", $"{reply.Status} {reply.MediaType}: {reply.Text}");
        Assert.True(code == reply["code"], $"{code} was expected, not: {reply.Text}");
        Assert.Equal(status, reply.Status);
        Assert.Equal(status, reply.Json["status"]!.GetValue<int>());
        Assert.Equal($"/docs/errors#{code}", reply["type"]);
        Assert.False(string.IsNullOrWhiteSpace(reply["title"]));
        Assert.False(string.IsNullOrWhiteSpace(reply["detail"]));
        Assert.Contains(reply["retry"], AdviceWords);
        if (status == 401) Assert.Equal("Bearer", reply.Headers.WwwAuthenticate.ToString());
    }
}
