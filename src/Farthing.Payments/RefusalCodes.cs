namespace Farthing.Payments;

/// <summary>Every code that a door may answer with. <c>docs/errors.md</c> is checked against this list by a test.</summary>
public static class RefusalCodes
{
    // The request as text.

    /// <summary>Not JSON.</summary>
    public static RefusalCode MalformedJson { get; } = new("malformed_json", 400, "The body is not well-formed JSON.", RetryAdvice.Never, "Send well-formed JSON.");

    /// <summary>Bytes that are not UTF-8.</summary>
    public static RefusalCode InvalidUtf8 { get; } = new("invalid_utf8", 400, "The body is not valid UTF-8.", RetryAdvice.Never, "Encode the body as UTF-8.");

    /// <summary>Nested too deeply.</summary>
    public static RefusalCode JsonTooDeep { get; } = new("json_too_deep", 400, "The JSON is nested too deeply.", RetryAdvice.Never, "No request of this API nests deeper than eight levels.");

    /// <summary>A member this call does not know, or one given twice.</summary>
    public static RefusalCode UnknownField { get; } = new("unknown_field", 400, "The body has a field that this call does not know.", RetryAdvice.Never, "Remove the field, or correct its name: a misspelt option must not be passed over where money moves.");

    /// <summary>A member is absent.</summary>
    public static RefusalCode MissingField { get; } = new("missing_field", 400, "A required field is missing.", RetryAdvice.Never, "Add the field that the detail names.");

    /// <summary>A member has the wrong type, form or range.</summary>
    public static RefusalCode InvalidField { get; } = new("invalid_field", 400, "A field has a value that is not allowed.", RetryAdvice.Never, "Correct the field that the detail names.");

    /// <summary>The body is longer than allowed.</summary>
    public static RefusalCode BodyTooLarge { get; } = new("body_too_large", 413, "The body is too large.", RetryAdvice.Never, "Keep a body under 1 MiB, a batch under 4 MiB; split a larger batch.");

    /// <summary>The media type is not JSON.</summary>
    public static RefusalCode UnsupportedMediaType { get; } = new("unsupported_media_type", 415, "The body is not declared as JSON.", RetryAdvice.Never, "Send Content-Type: application/json.");

    /// <summary>No such path.</summary>
    public static RefusalCode NotFound { get; } = new("not_found", 404, "There is nothing at this address.", RetryAdvice.Never, "Check the path against the API reference.");

    /// <summary>The path knows other methods.</summary>
    public static RefusalCode MethodNotAllowed { get; } = new("method_not_allowed", 405, "This address does not take that method.", RetryAdvice.Never, "Check the method against the API reference.");

    /// <summary>It came past the proxy.</summary>
    public static RefusalCode Misdirected { get; } = new("misdirected", 421, "This server is reached at another address.", RetryAdvice.SameKey, "Send it to the server's public address, which the detail names.");

    /// <summary>A defect of ours.</summary>
    public static RefusalCode InternalError { get; } = new("internal_error", 500, "Something went wrong on our side.", RetryAdvice.SameKey, "Repeat with the same key: if the request was carried out, the answer is given again.");

    /// <summary>An old record cannot be read as it was written.</summary>
    public static RefusalCode RecordDamaged { get; } = new("record_damaged", 500, "A record that this needs is damaged on the server's disk.", RetryAdvice.SameKey, "Tell the operator, whose log names the place; repeat with the same key when the ledger is mended. What does not need that record goes on.");

    // Amounts.

    /// <summary>Not a decimal string.</summary>
    public static RefusalCode InvalidAmount { get; } = new("invalid_amount", 400, "The amount is not a plain decimal.", RetryAdvice.Never, "Write digits, or digits, a point and digits: no sign, blank, comma or exponent.");

    /// <summary>A JSON number instead of a string.</summary>
    public static RefusalCode AmountMustBeAString { get; } = new("amount_must_be_a_string", 400, "The amount is a JSON number.", RetryAdvice.Never, "Write amounts as strings: a JSON number goes through floating point in many languages.");

    /// <summary>Below zero.</summary>
    public static RefusalCode AmountMustNotBeNegative { get; } = new("amount_must_not_be_negative", 400, "The amount is negative.", RetryAdvice.Never, "Use a positive amount; to give money back, refund the payment.");

    /// <summary>Zero.</summary>
    public static RefusalCode AmountMustNotBeZero { get; } = new("amount_must_not_be_zero", 400, "The amount is zero.", RetryAdvice.Never, "Use a positive amount.");

    /// <summary>More decimals than the asset has.</summary>
    public static RefusalCode TooManyDecimals { get; } = new("too_many_decimals", 400, "The amount has more decimals than the currency.", RetryAdvice.Never, "USD, EUR and GBP have six decimals, BTC eleven; nothing is rounded for you.");

    /// <summary>Too large to count.</summary>
    public static RefusalCode AmountTooLarge { get; } = new("amount_too_large", 400, "The amount is too large.", RetryAdvice.Never, "An amount is at most 40 characters and 10^24 of its smallest unit.");

    /// <summary>A code that is no currency here.</summary>
    public static RefusalCode UnknownCurrency { get; } = new("unknown_currency", 400, "The currency is not known here.", RetryAdvice.Never, "Use USD, EUR, GBP or BTC, in capitals.");

    /// <summary>Two currencies in one payment.</summary>
    public static RefusalCode CurrencyMismatch { get; } = new("currency_mismatch", 400, "The currencies do not match.", RetryAdvice.Never, "Pay from a wallet in the currency of the price: nothing is exchanged silently.");

    /// <summary>Less than a payer may choose.</summary>
    public static RefusalCode AmountBelowMinimum { get; } = new("amount_below_minimum", 400, "The amount is below the offer's minimum.", RetryAdvice.Never, "Name at least what the member minimum says; the member suggested, if it is there, lists what other payers are shown.");

    // Who asks, and with which key.

    /// <summary>No or a wrong bearer key.</summary>
    public static RefusalCode Unauthorized { get; } = new("unauthorized", 401, "The key is missing or not valid.", RetryAdvice.Never, "Send Authorization: Bearer with a current key.");

    /// <summary>A right key of the wrong kind or owner.</summary>
    public static RefusalCode Forbidden { get; } = new("forbidden", 403, "This key may not do that.", RetryAdvice.Never, "Use the key of the owner, of the kind that the API reference names.");

    /// <summary>No key for a write.</summary>
    public static RefusalCode IdempotencyKeyMissing { get; } = new("idempotency_key_missing", 400, "The Idempotency-Key header is missing.", RetryAdvice.Never, "Send a new key with each new request, and the same key when you repeat one; a UUID version 7 is best.");

    /// <summary>A key of the wrong form.</summary>
    public static RefusalCode IdempotencyKeyInvalid { get; } = new("idempotency_key_invalid", 400, "The Idempotency-Key is not allowed.", RetryAdvice.Never, "A key is 1 to 255 visible ASCII characters; where there is no account yet, it is a random UUID or at least 22 random characters.");

    /// <summary>A key whose UUIDv7 time lies ahead.</summary>
    public static RefusalCode IdempotencyKeyInFuture { get; } = new("idempotency_key_in_future", 400, "The time in the Idempotency-Key is more than five minutes ahead.", RetryAdvice.Never, "Set the clock of the machine that makes the keys.");

    /// <summary>One key, two requests.</summary>
    public static RefusalCode IdempotencyConflict { get; } = new("idempotency_conflict", 409, "This key was used for another request.", RetryAdvice.NewKey, "Use a new key for a new request.");

    /// <summary>Too many calls.</summary>
    public static RefusalCode RateLimited { get; } = new("rate_limited", 429, "Too many requests.", RetryAdvice.SameKey, "Wait as long as Retry-After says.");

    /// <summary>Not ready, closing or full.</summary>
    public static RefusalCode NotReady { get; } = new("not_ready", 503, "The server takes no new work right now.", RetryAdvice.SameKey, "Wait as long as Retry-After says; /health/ready tells why.");

    // Things.

    /// <summary>Not an id of the kind that is wanted.</summary>
    public static RefusalCode InvalidId { get; } = new("invalid_id", 400, "This is not an id of the right kind.", RetryAdvice.Never, "An id is a prefix (wal_, pye_, off_, pay_, top_) and 26 characters; the detail says which prefix is wanted.");

    /// <summary>No such wallet.</summary>
    public static RefusalCode WalletNotFound { get; } = new("wallet_not_found", 404, "There is no such wallet.", RetryAdvice.Never, "Check the id.");

    /// <summary>No such payee.</summary>
    public static RefusalCode PayeeNotFound { get; } = new("payee_not_found", 404, "There is no such payee.", RetryAdvice.Never, "Check the id.");

    /// <summary>No such offer.</summary>
    public static RefusalCode OfferNotFound { get; } = new("offer_not_found", 404, "There is no such offer.", RetryAdvice.Never, "Check the id.");

    /// <summary>The offer is closed.</summary>
    public static RefusalCode OfferClosed { get; } = new("offer_closed", 409, "The offer is closed.", RetryAdvice.Never, "Ask the payee for a current offer.");

    /// <summary>A pricing that contradicts itself.</summary>
    public static RefusalCode InvalidPricing { get; } = new("invalid_pricing", 400, "The pricing makes no sense.", RetryAdvice.Never, "Correct what the detail names; docs/pricing has an example of each model.");

    /// <summary>Shares that do not share.</summary>
    public static RefusalCode InvalidSplits { get; } = new("invalid_splits", 400, "The splits are no shares of a whole.", RetryAdvice.Never, "List 2 to 10 different payees, yours included, whose basisPoints add up to exactly 10,000.");

    /// <summary>Too many mandates that hold.</summary>
    public static RefusalCode TooManyMandates { get; } = new("too_many_mandates", 409, "The wallet has too many mandates.", RetryAdvice.SameKey, "A wallet has at most 100 that neither ended nor were revoked: revoke one, then repeat.");

    /// <summary>Too many monthly tips.</summary>
    public static RefusalCode TooManyMonthlyTips { get; } = new("too_many_monthly_tips", 409, "The wallet gives too many monthly tips.", RetryAdvice.SameKey, "A wallet gives at most 100: cancel one, then repeat.");

    /// <summary>Caps changed too often.</summary>
    public static RefusalCode TooManyCapChanges { get; } = new("too_many_cap_changes", 409, "The wallet's caps were changed too often.", RetryAdvice.SameKey, "Caps are changed at most 20 times within 24 hours; repeat later. To stop all payments at once, pause the wallet.");

    /// <summary>Subscriptions changed too often.</summary>
    public static RefusalCode TooManySubscriptionChanges { get; } = new("too_many_subscription_changes", 409, "The wallet's subscriptions were changed too often.", RetryAdvice.SameKey, "After a hundred events within 24 hours a wallet's subscriptions are not changed; repeat later.");

    /// <summary>Cut off, and not carried on.</summary>
    public static RefusalCode RequestTooOld { get; } = new("request_too_old", 409, "The request was cut off before it was paid, too long ago to be paid now.", RetryAdvice.NewKey, "Nothing was paid. Ask again with a new key.");

    /// <summary>Too many open requests to one wallet.</summary>
    public static RefusalCode TooManyOpenRequests { get; } = new("too_many_open_requests", 409, "Too many requests to the same wallet are open.", RetryAdvice.SameKey, "One wallet has at most 100 open requests to another: cancel one, or wait for an answer, then repeat.");

    /// <summary>Too many offers of several resources.</summary>
    public static RefusalCode TooManyBundles { get; } = new("too_many_bundles", 409, "The payee has too many offers of several resources.", RetryAdvice.Never, "A payee has at most 100, closed ones included: list more resources in one, or end one with an asterisk for all that begin like it.");

    /// <summary>No such mandate, or not yours.</summary>
    public static RefusalCode MandateNotFound { get; } = new("mandate_not_found", 404, "There is no such mandate of this wallet.", RetryAdvice.Never, "Check the id, and that the key is of the wallet that gave the mandate.");

    /// <summary>No such payment, or not yours.</summary>
    public static RefusalCode PaymentNotFound { get; } = new("payment_not_found", 404, "There is no such payment.", RetryAdvice.Never, "Check the id, and that the key is that of its wallet or payee.");

    /// <summary>An offer that is paid by the period, where a price is wanted.</summary>
    public static RefusalCode OfferIsASubscription { get; } = new("offer_is_a_subscription", 409, "The offer is paid for by the period.", RetryAdvice.Never, "Subscribe to it at POST /v1/subscriptions.");

    /// <summary>No such subscription, or not yours.</summary>
    public static RefusalCode SubscriptionNotFound { get; } = new("subscription_not_found", 404, "There is no such subscription.", RetryAdvice.Never, "Check the id, and that the key is that of its wallet or payee.");

    /// <summary>The subscription's status does not allow it.</summary>
    public static RefusalCode SubscriptionStatusForbids { get; } = new("subscription_status_forbids", 409, "The subscription's status does not allow that.", RetryAdvice.NewKey, "Read the subscription: what is paused can be resumed, what has ended can only be begun anew.");

    /// <summary>Nothing is left of what the period includes.</summary>
    public static RefusalCode SubscriptionUsedUp { get; } = new("subscription_used_up", 409, "Not as much is left of what the period includes.", RetryAdvice.NewKey, "Use less, wait for the next period, or change to an offer that includes more.");

    /// <summary>No such monthly tip, or not yours.</summary>
    public static RefusalCode TipNotFound { get; } = new("tip_not_found", 404, "There is no such monthly tip.", RetryAdvice.Never, "Check the id, and that the key is that of its wallet.");

    /// <summary>No such top-up, or not yours.</summary>
    public static RefusalCode TopUpNotFound { get; } = new("top_up_not_found", 404, "There is no such top-up.", RetryAdvice.Never, "Check the id, and that the key is that of its wallet.");

    /// <summary>No wallet has that handle, or it was erased.</summary>
    public static RefusalCode HandleNotFound { get; } = new("handle_not_found", 404, "Nobody here has that handle.", RetryAdvice.Never, "Ask the other person for their handle: the member handle of their wallet.");

    /// <summary>No such tab, or not yours.</summary>
    public static RefusalCode TabNotFound { get; } = new("tab_not_found", 404, "There is no such tab.", RetryAdvice.Never, "Check the id, and that the key is that of its wallet or payee.");

    /// <summary>A tab is full, or was not paid in time.</summary>
    public static RefusalCode TabUnpaid { get; } = new("tab_unpaid", 402, "A tab must be paid first.", RetryAdvice.NewKey, "Pay the tab that the member tab names, or top up at least what the member owed says, then read with a new key.");

    /// <summary>Nothing to pay on a tab.</summary>
    public static RefusalCode NothingOwed { get; } = new("nothing_owed", 409, "That is not owed on the tab.", RetryAdvice.NewKey, "Read the tab: what it still owes is paid with a new key.");

    /// <summary>A refund of a read that a tab no longer owes.</summary>
    public static RefusalCode TabSettled { get; } = new("tab_settled", 409, "The tab no longer owes this read.", RetryAdvice.Never, "The payee can refund the payment that paid the tab.");

    /// <summary>No money moved, so there is no proof of it.</summary>
    public static RefusalCode ReadOnTab { get; } = new("read_on_tab", 409, "A read on tab has no receipt.", RetryAdvice.Never, "Ask for the receipt of the payment that paid the tab.");

    /// <summary>No such meter, or not yours.</summary>
    public static RefusalCode MeterNotFound { get; } = new("meter_not_found", 404, "There is no such meter.", RetryAdvice.Never, "Check the id, and that the key is that of its wallet, the mandate that started it, or its payee.");

    /// <summary>Too late to report.</summary>
    public static RefusalCode MeterStopped { get; } = new("meter_stopped", 409, "The meter is stopped.", RetryAdvice.Never, "Start another meter; read this one to see what it cost.");

    /// <summary>Fewer units than before.</summary>
    public static RefusalCode UnitsMustNotFall { get; } = new("units_must_not_fall", 409, "Fewer units are reported than before.", RetryAdvice.Never, "Report all units since the start, not those since the last report.");

    /// <summary>More would be held than the payer allows.</summary>
    public static RefusalCode CeilingTooHigh { get; } = new("ceiling_too_high", 409, "The meter would hold more than you allow.", RetryAdvice.Never, "Nothing was held. Allow as much as the offer's ceiling, or leave it.");

    /// <summary>Too many counters of one meter.</summary>
    public static RefusalCode TooManyCounters { get; } = new("too_many_counters", 409, "Too many counters report this meter.", RetryAdvice.Never, "Give each process that counts one name and keep it; stop this meter, and start another one.");

    /// <summary>A meter's payment is not posted by hand.</summary>
    public static RefusalCode PaymentMetered { get; } = new("payment_metered", 409, "A meter says what this payment costs.", RetryAdvice.Never, "Stop the meter, or void the payment to take nothing.");

    /// <summary>No such payment between wallets, or not yours.</summary>
    public static RefusalCode PersonalPaymentNotFound { get; } = new("personal_payment_not_found", 404, "There is no such payment between wallets.", RetryAdvice.Never, "Check the id, and that the key is that of one of its two wallets.");

    /// <summary>No such request for money, or not yours.</summary>
    public static RefusalCode RequestNotFound { get; } = new("request_not_found", 404, "There is no such request for money.", RetryAdvice.Never, "Check the id, and that the key is that of the wallet that asked, or was asked.");

    /// <summary>No such bill, or not yours.</summary>
    public static RefusalCode BillNotFound { get; } = new("bill_not_found", 404, "There is no such bill.", RetryAdvice.Never, "Check the id, and that the key is that of the wallet that made the bill.");

    /// <summary>No such campaign.</summary>
    public static RefusalCode CampaignNotFound { get; } = new("campaign_not_found", 404, "There is no such campaign.", RetryAdvice.Never, "Check the id.");

    /// <summary>No such pledge, or not yours.</summary>
    public static RefusalCode PledgeNotFound { get; } = new("pledge_not_found", 404, "There is no such pledge.", RetryAdvice.Never, "Check the ids, and that the key is that of the wallet that pledged.");

    /// <summary>No such round-up, or not yours.</summary>
    public static RefusalCode RoundUpNotFound { get; } = new("round_up_not_found", 404, "There is no such round-up.", RetryAdvice.Never, "Check the id, and that the key is that of its wallet.");

    /// <summary>A wallet has one round-up at a time.</summary>
    public static RefusalCode RoundUpExists { get; } = new("round_up_exists", 409, "The wallet has a round-up already.", RetryAdvice.SameKey, "Cancel it, then repeat. To give to several payees, name an offer with splits.");

    /// <summary>More round-ups than a wallet makes in a time.</summary>
    public static RefusalCode TooManyRoundUps { get; } = new("too_many_round_ups", 409, "The wallet made too many round-ups.", RetryAdvice.SameKey, "A wallet makes at most 20 in eight weeks, cancelled ones included: repeat later.");

    /// <summary>The rail is not configured.</summary>
    public static RefusalCode RailNotAvailable { get; } = new("rail_not_available", 400, "That rail is not available here.", RetryAdvice.Never, "Use a rail that the detail names.");

    /// <summary>No such code, or one that is no longer in force.</summary>
    public static RefusalCode RecoveryCodeInvalid { get; } = new("recovery_code_invalid", 403, "That is not a recovery code in force.", RetryAdvice.Never, "Compare it with what was shown: 26 letters and digits; hyphens, blanks and case do not matter.");

    /// <summary>The wallet has no way back in.</summary>
    public static RefusalCode RecoveryCodeRequired { get; } = new("recovery_code_required", 409, "The wallet needs a recovery code first.", RetryAdvice.SameKey, "Make one with POST /v1/wallets/{id}/recovery-code, write it down and confirm it: else a lost key would lose the money.");

    /// <summary>The wallet's owner has not asked for that.</summary>
    public static RefusalCode AutomaticTopUpNotSet { get; } = new("automatic_top_up_not_set", 404, "The wallet is not topped up by itself.", RetryAdvice.Never, "Set floor, amount and rail with POST /v1/wallets/{id}/automatic-top-up.");

    /// <summary>The outside party of a rail does not answer.</summary>
    public static RefusalCode RailUnreachable { get; } = new("rail_unreachable", 503, "The rail does not answer.", RetryAdvice.SameKey, "Repeat with the same key: nothing is collected or paid twice. What was begun is asked about until it is decided.");

    /// <summary>The rail would take too great a part of the amount.</summary>
    public static RefusalCode RailCostTooHigh { get; } = new("rail_cost_too_high", 400, "The rail would take too much of so small an amount.", RetryAdvice.Never, "The member cost says what it would take, and least from which amount on it is fine.");

    /// <summary>What came in as news of a rail is not from it.</summary>
    public static RefusalCode RailEventInvalid { get; } = new("rail_event_invalid", 400, "That is not signed by the rail, or too long ago.", RetryAdvice.Never, "Check the signing secret of the webhook endpoint in the card processor's dashboard, and both clocks.");

    /// <summary>Nobody said how the payee is paid out.</summary>
    public static RefusalCode PayoutNotSet { get; } = new("payout_not_set", 409, "Nobody has set how the payee is paid out.", RetryAdvice.SameKey, "Set rail and destination with POST /v1/payees/{id}/payout-setting, then repeat.");

    /// <summary>Not an account that the rail can pay to.</summary>
    public static RefusalCode InvalidDestination { get; } = new("invalid_destination", 400, "The rail cannot pay to that destination.", RetryAdvice.Never, "The detail says which part is wrong: correct it.");

    /// <summary>The payee had so many that no more are kept.</summary>
    public static RefusalCode TooManyDestinations { get; } = new("too_many_destinations", 409, "The payee has been paid out to so many destinations that no other is taken.", RetryAdvice.Never, "Use one of those that the payee has had.");

    /// <summary>Nothing is there, or all of it stays behind.</summary>
    public static RefusalCode NothingToPayOut { get; } = new("nothing_to_pay_out", 409, "There is nothing to pay out.", RetryAdvice.SameKey, "GET /v1/payees/{id}/payouts says what stays behind and why, and GET /v1/wallets/{id}/payouts what of a wallet can go back; repeat later.");

    /// <summary>More than can be paid out.</summary>
    public static RefusalCode PayoutExceedsAvailable { get; } = new("payout_exceeds_available", 409, "More was to be paid out than is available.", RetryAdvice.NewKey, "GET /v1/payees/{id}/payouts says what is available and why it is not more, GET /v1/wallets/{id}/payouts what of a wallet can go back; ask for no more than that, with a new key.");

    /// <summary>The schedule waits for more.</summary>
    public static RefusalCode PayoutBelowThreshold { get; } = new("payout_below_threshold", 409, "Less is available than the payee's threshold.", RetryAdvice.SameKey, "Nothing: the payee's schedule pays out once there is as much as the threshold. Asked for, a payout needs no threshold.");

    /// <summary>No such payout, or not yours.</summary>
    public static RefusalCode PayoutNotFound { get; } = new("payout_not_found", 404, "There is no such payout.", RetryAdvice.Never, "Check the id, and that the key is that of its payee, its wallet or the operator.");

    /// <summary>Not a notification of a bank.</summary>
    public static RefusalCode NotificationUnreadable { get; } = new("notification_unreadable", 400, "That is no XML that is read here.", RetryAdvice.Never, "Send the file as the bank gave it: XML of at most 4 MiB, without a document type. The detail names the line. Nothing of it was taken.");

    /// <summary>Another message, or another version.</summary>
    public static RefusalCode NotificationUnknown { get; } = new("notification_unknown", 400, "That message of a bank is not read here.", RetryAdvice.Never, "Ask the bank for one of the messages that the detail names. Nothing of it was taken.");

    /// <summary>It is not as the message definition has it.</summary>
    public static RefusalCode NotificationBreaksRule { get; } = new("notification_breaks_rule", 400, "The bank's file breaks a rule of its message.", RetryAdvice.Never, "Show the bank the detail: it names the element and the rule of ISO 20022. Nothing of the file was taken.");

    /// <summary>Of an account that is not the operator's.</summary>
    public static RefusalCode NotificationOfAnotherAccount { get; } = new("notification_of_another_account", 409, "The notification is of another account.", RetryAdvice.Never, "Send notifications of the account that FARTHING_BANK_FILE_IBAN names, by its IBAN. Nothing of it was taken.");

    /// <summary>A report of another file than the one that was made.</summary>
    public static RefusalCode StatusReportMisfits { get; } = new("status_report_misfits", 409, "The bank's report does not fit the file that it is of.", RetryAdvice.Never, "Compare the report with the file, and ask the bank: the detail says what differs. Nothing of it was taken.");

    /// <summary>The bank has paid it.</summary>
    public static RefusalCode TransferBooked { get; } = new("transfer_booked", 409, "The bank has booked that transfer.", RetryAdvice.Never, "It was paid: if it comes back, the bank's notification says so.");

    /// <summary>No such file.</summary>
    public static RefusalCode BankFileNotFound { get; } = new("bank_file_not_found", 404, "There is no such file for the bank.", RetryAdvice.Never, "GET /v1/rails/bank-file/files lists those there are.");

    /// <summary>It does not wait for the operator.</summary>
    public static RefusalCode PayoutNotInReview { get; } = new("payout_not_in_review", 409, "The payout does not wait for the operator.", RetryAdvice.Never, "Read it: it was released or refused before, or never needed a look.");

    /// <summary>A cursor of another list, or an edited one.</summary>
    public static RefusalCode InvalidCursor { get; } = new("invalid_cursor", 400, "The cursor is not one that this list gave.", RetryAdvice.Never, "Start again without a cursor.");

    /// <summary>Beyond what is signed.</summary>
    public static RefusalCode NotInCheckpoint { get; } = new("not_in_checkpoint", 404, "The newest checkpoint does not cover that.", RetryAdvice.SameKey, "Read the checkpoint, and ask for no more than it signs.");

    // Terms.

    /// <summary>Malformed or edited terms.</summary>
    public static RefusalCode TermsInvalid { get; } = new("terms_invalid", 400, "The terms are malformed or were edited.", RetryAdvice.Never, "Ask the site for fresh terms.");

    /// <summary>Terms past their expiry.</summary>
    public static RefusalCode TermsExpired { get; } = new("terms_expired", 409, "The terms have expired.", RetryAdvice.NewKey, "Ask the site for fresh terms.");

    /// <summary>Terms that lead to an origin the payee did not register.</summary>
    public static RefusalCode TermsForAnotherSite { get; } = new("terms_for_another_site", 400, "The terms lead to a site that the payee has not registered.", RetryAdvice.Never, "The payee must register the site's origin as its website.");

    /// <summary>The payee has no signing key.</summary>
    public static RefusalCode PayeeHasNoSigningKey { get; } = new("payee_has_no_signing_key", 409, "The payee has not registered a key for terms.", RetryAdvice.Never, "The payee must register a signingKey.");

    /// <summary>The operator's own site is the only payee.</summary>
    public static RefusalCode OwnSite { get; } = new("own_site", 403, "This server is one site's own and makes no other payees.", RetryAdvice.Never, "Pay that site; or let the operator start the server without --own-site.");

    // The gate.

    /// <summary>Not paid.</summary>
    public static RefusalCode NotPaid { get; } = new("not_paid", 401, "The visitor has not paid.", RetryAdvice.SameKey, "For web servers that ask the gate: answer the visitor what the gate says with answer=page.");

    /// <summary>An entitlement that is not continued.</summary>
    public static RefusalCode EntitlementOver { get; } = new("entitlement_over", 409, "The entitlement cannot be continued.", RetryAdvice.Never, "Send the browser to the wallet with fresh terms.");

    /// <summary>Nothing that was bought covers terms.</summary>
    public static RefusalCode NotCovered { get; } = new("not_covered", 409, "Nothing that the wallet has bought covers these terms.", RetryAdvice.SameKey, "Pay the terms, or subscribe to the offer that they name, and ask again.");

    /// <summary>A web server asks the gate wrongly.</summary>
    public static RefusalCode GateMisconfigured { get; } = new("gate_misconfigured", 400, "The web server asks the gate wrongly.", RetryAdvice.Never, "For whoever runs the web server: the detail names the header that its configuration must set.");

    // State of money.

    /// <summary>Not enough in the wallet.</summary>
    public static RefusalCode InsufficientFunds { get; } = new("insufficient_funds", 402, "The wallet does not hold enough.", RetryAdvice.NewKey, "Top up at least what the member missing says, then pay with a new key.");

    /// <summary>A top-up was taken back, and the wallet has not made up for it.</summary>
    public static RefusalCode WalletInDebt { get; } = new("wallet_in_debt", 402, "The wallet owes for a top-up that was taken back.", RetryAdvice.SameKey, "Top up at least what the member owed says, then repeat. A dispute that is decided against whoever raised it ends the debt too.");

    /// <summary>More than a cap allows.</summary>
    public static RefusalCode CapExceeded { get; } = new("cap_exceeded", 402, "A cap does not allow so much.", RetryAdvice.NewKey, "The members cap, capAmount and headroom say which cap, how high it is and what was left of it. Pay less, wait for its next day, week or month, or let the wallet's owner pay or give another mandate; then with a new key.");

    /// <summary>The caps, or what is left of them, changed under a payment.</summary>
    public static RefusalCode CapsChanged { get; } = new("caps_changed", 409, "The caps, or what is left of them, changed while the payment was on its way.", RetryAdvice.NewKey, "Pay again with a new key: it is held against the caps of that moment.");

    /// <summary>Taken back.</summary>
    public static RefusalCode MandateRevoked { get; } = new("mandate_revoked", 403, "The mandate was revoked.", RetryAdvice.NewKey, "Ask the wallet's owner to pay, or to give another mandate.");

    /// <summary>Over.</summary>
    public static RefusalCode MandateEnded { get; } = new("mandate_ended", 403, "The mandate has ended.", RetryAdvice.NewKey, "Ask the wallet's owner to pay, or to give another mandate.");

    /// <summary>Not for this payee.</summary>
    public static RefusalCode MandateScopeExceeded { get; } = new("mandate_scope_exceeded", 403, "The mandate is not for this payee.", RetryAdvice.NewKey, "Ask the wallet's owner to pay, or to give a mandate for this payee.");

    /// <summary>The payee no longer has what is to be given back.</summary>
    public static RefusalCode PayeeFundsInsufficient { get; } = new("payee_funds_insufficient", 409, "The payee does not hold enough to give this back.", RetryAdvice.NewKey, "Ask the payee; repeat with a new key later.");

    /// <summary>Only a posted payment can be refunded.</summary>
    public static RefusalCode PaymentNotPosted { get; } = new("payment_not_posted", 409, "The payment is not posted.", RetryAdvice.NewKey, "Void a held payment instead.");

    /// <summary>Only a held payment can be posted or voided.</summary>
    public static RefusalCode PaymentNotHeld { get; } = new("payment_not_held", 409, "The payment was never held.", RetryAdvice.Never, "It is posted already; refund it to give it back.");

    /// <summary>The hold was posted.</summary>
    public static RefusalCode HoldAlreadyPosted { get; } = new("hold_already_posted", 409, "The held payment was posted before.", RetryAdvice.Never, "Refund it to give it back.");

    /// <summary>The hold was voided.</summary>
    public static RefusalCode HoldAlreadyVoided { get; } = new("hold_already_voided", 409, "The held payment was voided before.", RetryAdvice.Never, "Ask for a new payment.");

    /// <summary>The hold ran out.</summary>
    public static RefusalCode HoldExpired { get; } = new("hold_expired", 409, "The held payment has expired.", RetryAdvice.Never, "Ask for a new payment.");

    /// <summary>More than was held.</summary>
    public static RefusalCode ExceedsHeld { get; } = new("exceeds_held", 409, "More is posted than was held.", RetryAdvice.NewKey, "Post at most what is held.");

    /// <summary>More than is left.</summary>
    public static RefusalCode ExceedsRefundable { get; } = new("exceeds_refundable", 409, "More is given back than is left of the payment.", RetryAdvice.NewKey, "Refund at most what the member refundable says.");

    /// <summary>Refunded in too many parts.</summary>
    public static RefusalCode TooManyRefunds { get; } = new("too_many_refunds", 409, "The payment was given back in too many parts.", RetryAdvice.NewKey, "A payment has at most 100 refunds, and the last gives back all that is left: repeat without an amount.");

    /// <summary>Too late.</summary>
    public static RefusalCode RefundWindowOver { get; } = new("refund_window_over", 409, "The time for refunds of this payment is over.", RetryAdvice.Never, "Ask the payee.");

    /// <summary>What paid a tab is not the wallet's to take back.</summary>
    public static RefusalCode RefundByPayeeOnly { get; } = new("refund_by_payee_only", 409, "What paid a tab, a subscription or fares is given back by its payee only.", RetryAdvice.Never, "Ask the payee, and cancel the subscription. A read that a tab still owes can be refunded by itself.");

    /// <summary>Too many one-click refunds with this payee.</summary>
    public static RefusalCode RefundAllowanceExhausted { get; } = new("refund_allowance_exhausted", 409, "This wallet has used up its one-click refunds with this payee.", RetryAdvice.NewKey, "Ask the payee, who can still refund; the allowance is renewed each calendar month.");

    /// <summary>Accepted, declined, cancelled or expired.</summary>
    public static RefusalCode RequestEnded { get; } = new("request_ended", 409, "The request for money has ended.", RetryAdvice.Never, "The member requestStatus says how: accepted, declined, cancelled or expired. Pay without a request, or ask for a new one.");

    /// <summary>The parts of a bill are not the whole.</summary>
    public static RefusalCode SharesMustSum { get; } = new("shares_must_sum", 400, "The shares do not add up to the amount.", RetryAdvice.Never, "Give every share so that all of them, your own included, add up to the amount; or give none, and it is divided evenly.");

    /// <summary>Past the deadline.</summary>
    public static RefusalCode CampaignOver { get; } = new("campaign_over", 409, "The deadline of the campaign has passed.", RetryAdvice.Never, "Nothing is pledged or withdrawn from the deadline on; read the campaign to see what it came to.");

    /// <summary>Stopped.</summary>
    public static RefusalCode WalletFrozen { get; } = new("wallet_frozen", 409, "The wallet is paused.", RetryAdvice.NewKey, "Resume the wallet, then pay with a new key.");

    /// <summary>Ended.</summary>
    public static RefusalCode AccountClosed { get; } = new("account_closed", 409, "The wallet or payee is closed.", RetryAdvice.Never, "Use another one.");

    /// <summary>Erased.</summary>
    public static RefusalCode WalletErased { get; } = new("wallet_erased", 410, "The wallet was erased.", RetryAdvice.Never, "Make a new wallet.");

    /// <summary>No such card, or not yours.</summary>
    public static RefusalCode FareCardNotFound { get; } = new("fare_card_not_found", 404, "There is no such fare card.", RetryAdvice.Never, "Check the id, and that the key is that of the card's wallet or of the payee whose fares it rides on.");

    /// <summary>The wallet closed it.</summary>
    public static RefusalCode FareCardClosed { get; } = new("fare_card_closed", 409, "The fare card is closed.", RetryAdvice.NewKey, "Register a new card. Taps made before it was closed are still taken.");

    /// <summary>A fare day that could not be charged.</summary>
    public static RefusalCode FareUnpaid { get; } = new("fare_unpaid", 402, "An earlier day of the fare card is not paid.", RetryAdvice.NewKey, "The member date says which day. It is asked for again within a day; once the wallet has topped up, naming its mandate with POST /v1/fares/cards/{id}/mandate, be it the same or another one, asks at once.");

    /// <summary>More cards than a wallet may have.</summary>
    public static RefusalCode TooManyFareCards { get; } = new("too_many_fare_cards", 409, "The wallet has too many fare cards.", RetryAdvice.SameKey, "A wallet has at most 20, those closed in the last eight weeks included: ride with one of them, or repeat later.");

    /// <summary>More taps than a card may have in a day.</summary>
    public static RefusalCode TooManyFareTaps { get; } = new("too_many_fare_taps", 409, "The card has too many taps in a fare day.", RetryAdvice.Never, "At most 100 taps of a card are taken in a fare day: look whether the reader repeats itself under new keys.");

    /// <summary>More than eight weeks late.</summary>
    public static RefusalCode FareTapTooLate { get; } = new("fare_tap_too_late", 409, "The fare day of the tap is closed.", RetryAdvice.Never, "Taps are taken until eight weeks after the end of their fare day: drop it.");

    /// <summary>No such webhook, or not yours.</summary>
    public static RefusalCode WebhookNotFound { get; } = new("webhook_not_found", 404, "There is no such webhook.", RetryAdvice.Never, "Check the id, and that the key is that of the payee or operator who made it.");

    /// <summary>Closed for good.</summary>
    public static RefusalCode WebhookClosed { get; } = new("webhook_closed", 409, "The webhook is closed.", RetryAdvice.Never, "Make a new one.");

    /// <summary>More than one may have.</summary>
    public static RefusalCode TooManyWebhooks { get; } = new("too_many_webhooks", 409, "There are too many webhooks.", RetryAdvice.SameKey, "Close one that is no longer needed, then repeat.");

    /// <summary>An address that is never sent to.</summary>
    public static RefusalCode WebhookAddressRefused { get; } = new("webhook_address_refused", 400, "Nothing is sent to this address.", RetryAdvice.Never, "Use https, and a host whose addresses can be reached from everywhere: loopback, private, link-local and other special addresses are refused, unless the operator has allowed them.");

    /// <summary>No way out.</summary>
    public static RefusalCode WebhooksNotAvailable { get; } = new("webhooks_not_available", 409, "This server sends no webhooks.", RetryAdvice.Never, "Read payments and statements instead.");

    /// <summary>All codes, in the order of <c>docs/errors.md</c>.</summary>
    public static IReadOnlyList<RefusalCode> All { get; } =
    [
        MalformedJson, InvalidUtf8, JsonTooDeep, UnknownField, MissingField, InvalidField, BodyTooLarge, UnsupportedMediaType, NotFound, MethodNotAllowed, Misdirected, InternalError, RecordDamaged,
        InvalidAmount, AmountMustBeAString, AmountMustNotBeNegative, AmountMustNotBeZero, TooManyDecimals, AmountTooLarge, UnknownCurrency, CurrencyMismatch, AmountBelowMinimum,
        Unauthorized, Forbidden, IdempotencyKeyMissing, IdempotencyKeyInvalid, IdempotencyKeyInFuture, IdempotencyConflict, RateLimited, NotReady,
        InvalidId, WalletNotFound, PayeeNotFound, OfferNotFound, OfferClosed, OfferIsASubscription, MandateNotFound, InvalidPricing, InvalidSplits, TooManyMandates, TooManyMonthlyTips, TooManyCapChanges, TooManySubscriptionChanges, RequestTooOld, TooManyOpenRequests, TooManyBundles, PaymentNotFound, SubscriptionNotFound, SubscriptionStatusForbids, SubscriptionUsedUp, TipNotFound, TopUpNotFound, InvalidCursor, NotInCheckpoint,
        RailNotAvailable, RailCostTooHigh, RailUnreachable, RailEventInvalid, RecoveryCodeInvalid, RecoveryCodeRequired, AutomaticTopUpNotSet,
        PayoutNotSet, InvalidDestination, TooManyDestinations, NothingToPayOut, PayoutExceedsAvailable, PayoutBelowThreshold, PayoutNotFound, PayoutNotInReview, NotificationUnreadable, NotificationUnknown, NotificationBreaksRule, NotificationOfAnotherAccount, StatusReportMisfits, TransferBooked, BankFileNotFound,
        TermsInvalid, TermsExpired, TermsForAnotherSite, PayeeHasNoSigningKey, OwnSite, NotPaid, EntitlementOver, NotCovered, GateMisconfigured,
        InsufficientFunds, WalletInDebt, CapExceeded, CapsChanged, MandateRevoked, MandateEnded, MandateScopeExceeded, PayeeFundsInsufficient, PaymentNotPosted, PaymentNotHeld, HoldAlreadyPosted, HoldAlreadyVoided, HoldExpired, ExceedsHeld,
        ExceedsRefundable, TooManyRefunds, RefundWindowOver, RefundByPayeeOnly, RefundAllowanceExhausted, WalletFrozen, AccountClosed, WalletErased,
        HandleNotFound, PersonalPaymentNotFound, RequestNotFound, BillNotFound, RequestEnded, SharesMustSum,
        TabNotFound, TabUnpaid, NothingOwed, TabSettled, ReadOnTab,
        MeterNotFound, MeterStopped, UnitsMustNotFall, CeilingTooHigh, TooManyCounters, PaymentMetered,
        CampaignNotFound, PledgeNotFound, CampaignOver, RoundUpNotFound, RoundUpExists, TooManyRoundUps,
        FareCardNotFound, FareCardClosed, FareUnpaid, TooManyFareCards, TooManyFareTaps, FareTapTooLate,
        WebhookNotFound, WebhookClosed, TooManyWebhooks, WebhookAddressRefused, WebhooksNotAvailable,
    ];
}
