// <farthing-pay>, <farthing-tip> and <farthing-paywall> for any page. How it works: docs/guides/javascript.md.
const wallet = new URL(import.meta.url).origin;
const channel = new BroadcastChannel('farthing');
const waiting = new Map(); // a name in the address that is come back to -> who asked
const patienceMilliseconds = 800;

const random = () => btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32)))).replace(/[+/=]/g, c => ({ '+': '-', '/': '_' })[c] ?? '');

// What a token says: shown, never believed.
function read(token) {
  try {
    const bytes = atob(token.split('.')[0].replace(/-/g, '+').replace(/_/g, '/'));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, c => c.charCodeAt(0))));
  } catch {
    return null;
  }
}

function price({ amount, currency }) {
  const [whole, part = ''] = amount.split('.');
  return `${whole}.${part.padEnd(2, '0')} ${currency}`;
}

// Storage can be switched off; then nothing is remembered.
function remember(store, name, value) {
  try {
    return value === undefined ? store().getItem(name) : store().setItem(name, value);
  } catch {
    return null;
  }
}

const tab = () => sessionStorage;
const browser = () => localStorage;

// This page's address, without what earlier answers left in it.
function here(name) {
  const address = new URL(location.href);
  const query = address.searchParams;
  query.delete('farthing');
  if (name) query.set('farthing-for', name);
  else query.delete('farthing-for');
  address.hash = '';
  return address;
}

const style = new CSSStyleSheet();
style.replaceSync(`
  :host { display: block; }
  :host([hidden]), [hidden] { display: none; }
  button { font: inherit; font-weight: 650; padding: .7em 1.4em; border: 1px solid; border-radius: .5em; cursor: pointer;
    background: var(--farthing-accent, #14532d); color: var(--farthing-on-accent, #fff); }
  :focus-visible { outline: 3px solid currentColor; outline-offset: 3px; }
  p { margin: .6em 0 0; font-size: .9em; }
  p:empty { margin: 0; }
`);

class Asking extends HTMLElement {
  internals = this.attachInternals();

  connectedCallback() {
    if (!this.shadowRoot) {
      const root = this.attachShadow({ mode: 'open' });
      root.adoptedStyleSheets = [style];
      root.innerHTML = '<slot></slot><button type="button" part="button" hidden></button><p role="status" part="status" lang="en"></p>';
      [this.content, this.button, this.status] = root.children;
      this.button.addEventListener('click', () => this.ask());
    }
    this.key = `${this.localName} ${this.subject}`;
    if (brought?.key !== this.key) return this.wait(this.begin());
    const { answer, nonce } = brought;
    brought = null;
    this.nonce = nonce;
    this.wait(this.answered(answer));
  }

  // Our words are English; an offer's are of the page's language.
  offerButton(text, lang = 'en') {
    const label = this.getAttribute('label');
    const where = this.hasAttribute('redirect') ? '' : ' opens in a window and';
    Object.assign(this.button, { textContent: label ?? text, lang: label ? '' : lang, title: `Your wallet${where} says who is paid.`, hidden: false });
  }

  // Not said by aria-busy, which would hold back what the status says meanwhile.
  async wait(work) {
    this.button.ariaDisabled = true;
    await work;
    this.button.ariaDisabled = false;
  }

  // From elsewhere in the page the focus is not taken.
  land(element) {
    if ([null, document.body, this].includes(document.activeElement)) element.focus();
  }

  say(text, address, linkText) {
    this.status.textContent = text;
    if (!address) return null;
    const link = Object.assign(document.createElement('a'), { href: address, textContent: linkText, title: text });
    this.status.append(' ', link);
    return link;
  }

  // In a click: only then may a window be opened.
  ask() {
    if (this.button.ariaDisabled === 'true') return;
    const name = this.name ?? random();
    const address = this.address(name);
    const stay = () => remember(tab, `farthing ${name}`, JSON.stringify({ key: this.key, nonce: this.nonce }));
    if (this.hasAttribute('redirect') || !window.open(address, '_blank', 'popup,width=520,height=760')) {
      stay();
      location.assign(address);
      return;
    }
    waiting.set(name, this);
    this.say('Go on in the window that has opened.', address, 'No window? Go on here.').addEventListener('click', stay);
  }

  paid(detail) {
    this.toggleAttribute('paid', true);
    this.dispatchEvent(new CustomEvent('farthing-paid', { detail, bubbles: true, composed: true }));
  }
}

class Pay extends Asking {
  get subject() {
    return `${this.getAttribute('offer')} ${this.getAttribute('resource') ?? ''}`;
  }

  async begin() {
    const kept = remember(browser, this.key);
    if (kept && read(kept)) return this.thank(kept, false);
    try {
      const offer = await (await fetch(`${wallet}/v1/offers/${encodeURIComponent(this.getAttribute('offer'))}`)).json();
      if (offer.status !== 'open') return this.say('This is no longer sold.');
      const { price: asked, minimum } = offer.pricing;
      this.content.hidden = true;
      this.offerButton(offer.name + (asked ? `, ${price(asked)}` : minimum ? `, from ${price(minimum)}` : ''), '');
    } catch {
      this.say('The price cannot be shown right now.');
    }
  }

  address(name) {
    this.nonce = random();
    const query = new URLSearchParams({ offer: this.getAttribute('offer'), return: here(name), nonce: this.nonce });
    if (this.hasAttribute('resource')) query.set('resource', this.getAttribute('resource'));
    return `${wallet}/buy?${query}`;
  }

  async answered(token) {
    // Not of another purchase.
    if (read(token)?.nonce === this.nonce) {
      remember(browser, this.key, token);
      this.thank(token, true);
    } else {
      await this.begin();
      this.say('Nothing was paid.');
      this.land(this.button);
    }
  }

  thank(token, isNew) {
    const { payment, resource, nonce } = read(token);
    this.content.hidden = this.button.hidden = true;
    const link = this.say('Paid. Thank you.', `${wallet}/payments/${encodeURIComponent(payment)}`, 'Receipt and refund');
    if (isNew) this.land(link);
    this.paid({ entitlement: token, payment, resource, nonce, isNew });
  }
}

class Tip extends Asking {
  get subject() {
    return this.getAttribute('payee');
  }

  begin() {
    this.content.hidden = true;
    this.offerButton('Leave a tip');
  }

  address(name) {
    const query = new URLSearchParams({ payee: this.subject, return: here(name) });
    if (this.hasAttribute('amounts')) query.set('amounts', this.getAttribute('amounts'));
    return `${wallet}/tip?${query}`;
  }

  answered(answer) {
    this.begin();
    this.land(this.button);
    if (answer !== 'tipped') return this.say('Nothing was given.');
    this.say('Thank you for the tip.');
    this.paid({ payee: this.subject });
  }
}

class Paywall extends Asking {
  get subject() {
    return this.getAttribute('src');
  }

  async begin(answer) {
    const address = new URL(this.subject, document.baseURI);
    // A cookie of this site says who has paid.
    if (address.origin !== location.origin) return this.say('The rest is not on this site.');
    if (answer) address.searchParams.set('farthing', answer);
    this.name = random();
    const back = here(this.name);
    if (answer) this.say('The rest is on its way.');
    try {
      const response = await fetch(address, { headers: { Accept: 'text/html', 'Farthing-Return': back.pathname + back.search }, cache: 'no-store' });
      if (response.ok) return this.show(await response.text(), Boolean(answer));
      this.pay = response.status === 402 ? /<([^>]+)>;\s*rel="payment"/.exec(response.headers.get('Link') ?? '')?.[1] : null;
      if (!this.pay || new URL(this.pay).origin !== wallet) return this.say('The rest cannot be shown right now.');
      const terms = read(new URL(this.pay).searchParams.get('terms') ?? '');
      this.offerButton(terms?.amount ? `Read on for ${price(terms)}` : 'Read on');
      this.say(answer ? 'This is not paid.' : 'You see who is paid, and confirm. What you have paid for is not paid again.');
    } catch {
      this.say('The rest cannot be loaded right now.');
    }
  }

  address() {
    return this.pay;
  }

  answered(answer) {
    return this.begin(answer);
  }

  show(html, isNew) {
    const page = new DOMParser().parseFromString(html, 'text/html');
    const rest = page.querySelector('[data-paid], article, main') ?? page.body;
    this.replaceChildren(...rest.childNodes);
    this.button.hidden = true;
    this.say(isNew ? 'Paid. Thank you.' : '');
    if (isNew) {
      // Reading goes on here.
      Object.assign(this.internals, { role: 'article', ariaLabel: 'What you paid for' });
      this.tabIndex = -1;
      this.land(this);
    }
    this.paid({ src: this.subject, isNew });
  }
}

// The answer that this page was come back to with, if this window asked for it itself.
let brought = null;
const { searchParams } = new URL(location.href);
const name = searchParams.get('farthing-for');
const answer = searchParams.get('farthing');
if (name) history.replaceState(history.state, '', here() + location.hash);
if (name && answer !== null) {
  const asked = JSON.parse(remember(tab, `farthing ${name}`) ?? 'null');
  if (asked) brought = { ...asked, answer };
  else channel.postMessage({ name, answer });
}

const opened = Date.now();
channel.addEventListener('message', ({ data }) => {
  if (data.taken === name && name && Date.now() - opened < patienceMilliseconds) window.close();
  const element = waiting.get(data.name);
  if (!element || data.answer === undefined) return;
  waiting.delete(data.name);
  channel.postMessage({ taken: data.name });
  element.wait(element.answered(data.answer));
});

customElements.define('farthing-pay', Pay);
customElements.define('farthing-tip', Tip);
customElements.define('farthing-paywall', Paywall);
