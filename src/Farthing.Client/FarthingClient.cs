using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>All calls to one payment server, with one key: a wallet's, a mandate's, a payee's or the operator's.</summary>
/// <remarks>
/// <para>The calls are in groups, and each has the name that the server's OpenAPI document gives it. A call that the key may not make is refused by the server.</para>
/// <para>Writes take an idempotency key; repeat a write whose answer was lost with the same key. A call is repeated by itself, with its key, up to
/// <see cref="MaxAttempts"/> times when the server cannot be reached, answers with 408, 429 or a 5xx, or takes more than <see cref="CallTimeoutSeconds"/> seconds;
/// it waits for as long as <c>Retry-After</c> says, if that is no more than <see cref="MaxPauseSeconds"/> seconds, and a little by chance.
/// Then a refusal is a <see cref="FarthingException"/>, and no answer an <see cref="HttpRequestException"/>.</para>
/// <para>Redirects are not followed, so the key goes to this server only. Thread-safe. Dispose closes the connections.</para>
/// </remarks>
public sealed class FarthingClient : IDisposable
{
    /// <summary>How often a call is tried.</summary>
    public const int MaxAttempts = 3;

    /// <summary>How long one try may take, in seconds.</summary>
    public const int CallTimeoutSeconds = 20;

    /// <summary>The longest <c>Retry-After</c> that is waited for, in seconds: one that is longer is the caller's to wait for.</summary>
    public const int MaxPauseSeconds = 30;

    private readonly bool ownsConnection;

    /// <summary>Connects to a server.</summary>
    /// <param name="server">Its address, such as <c>http://127.0.0.1:5080</c>; only scheme, host and port are used.</param>
    /// <param name="key">A wallet's, mandate's, payee's or the operator's key; null to make a wallet or read what is public.</param>
    /// <param name="handler">How to reach it; by default sockets. Disposed with this.</param>
    /// <param name="time">The clock; by default the system's.</param>
    /// <exception cref="ArgumentException">The address is not an absolute one of http or https.</exception>
    public FarthingClient(Uri server, string? key = null, HttpMessageHandler? handler = null, TimeProvider? time = null)
        : this(new Connection(server ?? throw new ArgumentNullException(nameof(server)), handler, time), key, ownsConnection: true)
    {
    }

    private FarthingClient(Connection connection, string? key, bool ownsConnection)
    {
        this.ownsConnection = ownsConnection;
        Connection = connection;
        Key = key;
        var caller = new Caller(connection, key);
        Wallets = new(caller);
        Payees = new(caller);
        Offers = new(caller);
        TopUps = new(caller);
        Payments = new(caller);
        Mandates = new(caller);
        Tabs = new(caller);
        Meters = new(caller);
        Tips = new(caller);
        Subscriptions = new(caller);
        Fares = new(caller);
        People = new(caller);
        Campaigns = new(caller);
        Payouts = new(caller);
        RoundUps = new(caller);
        Webhooks = new(caller);
        Ledger = new(caller);
        Fees = new(caller);
    }

    /// <summary>The server's scheme, host and port.</summary>
    public Uri Server => Connection.Server;

    /// <summary>Payers' money.</summary>
    public WalletCalls Wallets { get; }

    /// <summary>Who is paid.</summary>
    public PayeeCalls Payees { get; }

    /// <summary>What a payee sells.</summary>
    public OfferCalls Offers { get; }

    /// <summary>Money in.</summary>
    public TopUpCalls TopUps { get; }

    /// <summary>Payments, refunds and receipts.</summary>
    public PaymentCalls Payments { get; }

    /// <summary>Standing permissions to pay.</summary>
    public MandateCalls Mandates { get; }

    /// <summary>What wallets owe for what they have read.</summary>
    public TabCalls Tabs { get; }

    /// <summary>Payments by time or units.</summary>
    public MeterCalls Meters { get; }

    /// <summary>Gifts to payees.</summary>
    public TipCalls Tips { get; }

    /// <summary>Offers that are paid for again each week or month.</summary>
    public SubscriptionCalls Subscriptions { get; }

    /// <summary>Capped fares.</summary>
    public FareCalls Fares { get; }

    /// <summary>Money between people.</summary>
    public PeopleCalls People { get; }

    /// <summary>Money asked of many for one goal.</summary>
    public CampaignCalls Campaigns { get; }

    /// <summary>What payments are rounded up by.</summary>
    public RoundUpCalls RoundUps { get; }

    /// <summary>Money out.</summary>
    public PayoutCalls Payouts { get; }

    /// <summary>Addresses that are told of events.</summary>
    public WebhookCalls Webhooks { get; }

    /// <summary>What anyone may check the server by, and what its operator watches.</summary>
    public LedgerCalls Ledger { get; }

    /// <summary>What rails and operator take.</summary>
    public FeeCalls Fees { get; }

    internal Connection Connection { get; }

    internal string? Key { get; }

    /// <summary>A client with another key, over the same connections. Disposing of it closes nothing.</summary>
    public FarthingClient WithKey(string? key) => new(Connection, key, ownsConnection: false);

    /// <summary>A new idempotency key: a UUID of version 7, which the server remembers for ever.</summary>
    /// <remarks>It has the time by the server's clock once the server has answered anything, so a wrong clock of ours costs at most one refusal, <c>idempotency_key_in_future</c>.</remarks>
    public string NewKey() => Guid.CreateVersion7(Connection.Now).ToString();

    /// <summary>An HTTP client that pays 402s of method <c>farthing</c> from this wallet within a budget; see <see cref="PayingHandler"/>.</summary>
    public HttpClient CreateHttpClient(Budget budget) => new(new PayingHandler(this, budget) { InnerHandler = new SocketsHttpHandler() });

    /// <inheritdoc/>
    public void Dispose()
    {
        if (ownsConnection) Connection.Dispose();
    }
}
