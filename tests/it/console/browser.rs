//! The console in a browser: what a reader sees and what the keys and buttons do.

use super::{database, given_token, open_server};
use crate::support::browser::{Browser, Key};
use crate::support::{App, Database};

/// The card of a number.
fn card(number: &str) -> String {
    format!("[...document.querySelectorAll('#cards > article')].find((card) => card.querySelector('h2').textContent === '{number}')")
}

/// A server that everybody has a token for, and its console.
struct Console {
    app: App,
    browser: Browser,
}

impl Console {
    async fn open(database: &Database) -> Self {
        let app = open_server(database).await;
        let browser = Browser::open(&app.url).await;
        browser.wait("document.body.dataset.ready").await;
        Self { app, browser }
    }

    /// Waits until the card of a number shows this state.
    async fn state(&self, number: &str, state: &str) {
        self.browser.wait(&format!("{}?.dataset.state === '{state}'", card(number))).await;
    }

    /// Clicks the button of a number's card.
    async fn act(&self, number: &str, action: &str) {
        let button = format!("{}?.querySelector('[data-action={action}]')", card(number));
        self.browser.wait(&button).await;
        self.browser.run(&format!("{button}.click()")).await;
    }

    /// Clicks the button that a dialog is for, and waits until the dialog has closed.
    async fn confirm(&self) {
        self.browser.click("dialog[open] [data-action=go]").await;
        self.browser.wait("!document.querySelector('dialog[open]')").await;
    }

    /// A read past the page, by the header's sandbox.
    async fn get(&self, path: &str, sandbox: &str) -> serde_json::Value {
        let token = given_token(&self.app).await;
        self.app.get(path).token(&token).header("X-Sandbox", sandbox).header("X-Bystander", "true").await.is(200).json()
    }

    /// What must hold at the end of every visit: no script failed, and nothing broke the page's policy.
    async fn leave(self) {
        let complaints: Vec<_> =
            self.browser.complaints().await.into_iter().filter(|complaint| !complaint.contains("Failed to load resource")).collect();
        assert_eq!(complaints, [""; 0]);
    }
}

/// What is clicked at the very moment at which the page has read something anew is where the reader gets.
#[tokio::test]
async fn a_view_that_is_chosen_while_the_page_reads() {
    let database = database().await;
    let console = Console::open(&database).await;
    let script = "const real = window.fetch;
         window.fetch = async (path, options) => {
             const answer = await real(path, options);
             if (path !== '/_mock/sandboxes') return answer;
             window.fetch = real;
             const text = await answer.text();
             document.querySelectorAll('nav a')[4].click();
             return {ok: answer.ok, status: answer.status, text: async () => text};
         };
         document.dispatchEvent(new Event('visibilitychange'));";
    console.browser.run(script).await;
    console.browser.wait("location.hash.startsWith('#magic?') && !document.querySelector('[aria-busy]')").await;
    assert_eq!(console.browser.run("return document.body.dataset.view").await, "magic");
    console.leave().await;
}

/// What is chosen one after the other, faster than the page can read, holds together.
#[tokio::test]
async fn an_org_and_at_once_a_view() {
    let database = database().await;
    let console = Console::open(&database).await;
    let browser = &console.browser;
    let hold = "const real = window.fetch, held = new Promise((go) => { window.go = go; });
         window.fetch = async (...asked) => { await held; return real(...asked); };";
    browser.run(hold).await;
    browser.choose("#org", "yoigo").await;
    browser.run("document.querySelectorAll('nav a')[4].click()").await;
    browser.wait("document.body.dataset.view === 'magic'").await;
    browser.run("window.go()").await;
    browser.wait("!document.querySelector('[aria-busy]')").await;
    assert_eq!(
        browser.run("return [location.hash, document.querySelector('#org').value]").await,
        serde_json::json!(["#magic?sandbox=default&org=yoigo", "yoigo"])
    );
    console.leave().await;
}

/// By the keyboard alone: request a number, let time pass, see it ported, read the journal.
#[tokio::test]
async fn a_port_in_from_request_to_apor() {
    let database = database().await;
    let console = Console::open(&database).await;
    let browser = &console.browser;
    assert!(browser.text("#madrid").await.starts_with("Wed 18 Nov 2026 10:30:0"), "{}", browser.text("#madrid").await);
    assert!(browser.text("#utc").await.starts_with("Wed 18 Nov 2026 09:30:0"));
    assert_eq!(browser.text("#node").await, "Central Node open");

    browser.type_keys("i").await;
    browser.wait("document.activeElement.name === 'number' && document.activeElement.value === '634443633'").await;
    let body = browser.run("return document.querySelector('dialog textarea').value").await;
    let body: serde_json::Value = serde_json::from_str(body.as_str().unwrap()).unwrap();
    let contract = body["contract_code"].as_str().unwrap().to_owned();
    browser.press(Key::Enter).await;
    console.state("634443633", "ASOL").await;

    // The donor answers when Tv begins, and the number moves at the window; in between, other numbers' deadlines pass.
    for state in ["ACON", "APOR"] {
        while browser.run(&format!("return {}.dataset.state", card("634443633"))).await != state {
            let next = browser.text("#next").await;
            assert!(next.starts_with("Next due "), "{next}");
            browser.type_keys("d").await;
            browser.wait(&format!("document.querySelector('#next').textContent.slice(0, 25) !== {:?}", &next[..25])).await;
            browser.wait("!document.querySelector('main[aria-busy]')").await;
        }
    }
    let events =
        browser.run(&format!("return [...{}.querySelectorAll('.timeline li')].map((li) => li.innerText)", card("634443633"))).await;
    let expected = [
        "Registered\nWed 18 Nov 10:30\nSOLICITUD_ALTA",
        "Confirmed\nWed 18 Nov 14:00\nCONFIRMACION_ALTA",
        "Ported\nFri 20 Nov 02:00\nPORTABILIDAD_EFECTIVA",
    ];
    assert_eq!(events, serde_json::json!(expected));

    // The journal has the page's request, and nothing of what the page only read.
    assert_eq!(browser.run("return document.querySelectorAll('#entries > details').length").await, 1);
    let summary = browser.text("#entries > details > summary").await;
    assert!(summary.starts_with("201") && summary.contains("POST") && summary.contains("/v1/orgs/masmovil/portabilities"), "{summary}");
    browser.click("#entries > details > summary").await;
    let entry = browser.text("#entries > details").await;
    assert!(entry.contains("createPortability") && entry.contains(&contract) && entry.contains("\"state\": \"ASOL\""), "{entry}");
    assert!(!entry.contains(&given_token(&console.app).await[..20]), "{entry}");
    console.leave().await;
}

/// What the server refuses is said in the dialog and in the journal, and nothing is lost.
#[tokio::test]
async fn a_refusal_says_why() {
    let database = database().await;
    let console = Console::open(&database).await;
    let browser = &console.browser;
    browser.click("#port-in").await;
    browser.fill("dialog [name=icc]", "123").await;
    browser.click("dialog [data-action=go]").await;
    let why = browser.text("dialog .error").await;
    assert!(why.starts_with("400 Invalid inbound entity: Error:Field validation for 'MsisdnRanges[0].InitialRange.IccId' failed"), "{why}");
    browser.wait("document.querySelector('#entries > details .why')").await;
    assert!(browser.run("return document.querySelector('#entries > details .why').textContent").await.as_str().unwrap().contains("IccId"));
    browser.fill("dialog [name=icc]", "8934221507160508791").await;
    console.confirm().await;
    console.state("634443633", "ASOL").await;

    // A filter that cannot be read: the server's own words.
    browser.fill("#filter", "state eq").await;
    browser.press(Key::Enter).await;
    assert!(browser.text("#filter-error").await.starts_with("400 "));
    browser.fill("#filter", "msisdn eq \"634443633\"").await;
    browser.press(Key::Enter).await;
    browser.wait("document.querySelectorAll('#cards > article').length === 1").await;
    assert_eq!(browser.run("return document.querySelector('#show').value").await, "custom");
    console.leave().await;
}

#[tokio::test]
async fn the_donors_answer_and_the_recipients_cancellation() {
    let database = database().await;
    let console = Console::open(&database).await;
    let browser = &console.browser;
    browser.click("#port-out").await;
    browser.fill("dialog [name=number]", "666777888").await;
    console.confirm().await;
    console.state("666777888", "ASOL").await;
    console.act("666777888", "accept").await;
    browser.wait(&format!("{}.textContent.includes('answered, not sent yet')", card("666777888"))).await;
    console.act("666777888", "restartReply").await;
    browser.wait(&format!("{}.textContent.includes('waits for the donor')", card("666777888"))).await;
    console.act("666777888", "deny").await;
    browser.choose("dialog [name=cause]", "RECH_PERDI").await;
    console.confirm().await;
    console.act("666777888", "step").await;
    console.state("666777888", "AREC").await;
    assert!(browser.run(&format!("return {}.innerText", card("666777888"))).await.as_str().unwrap().contains("RECH_PERDI"));

    browser.click("#port-in").await;
    console.confirm().await;
    console.state("634443633", "ASOL").await;
    console.act("634443633", "cancel").await;
    browser.choose("dialog [name=cause]", "CANC_TECNI").await;
    console.confirm().await;
    console.state("634443633", "ACAN").await;
    console.leave().await;
}

#[tokio::test]
async fn sandboxes_and_their_clocks() {
    let database = database().await;
    let console = Console::open(&database).await;
    let browser = &console.browser;
    let clock = async || console.get("/_mock/clock", "ci-7").await;
    browser.click("#sandbox-new").await;
    browser.fill("dialog [name=name]", "ci-7").await;
    browser.run("document.querySelector('dialog [name=now]').value = '2026-12-04T09:00'").await;
    browser.click("dialog [name=frozen]").await;
    console.confirm().await;
    browser.wait("document.querySelector('#sandbox').value === 'ci-7' && document.querySelector('#madrid').textContent === 'Fri 04 Dec 2026 09:00:00'").await;
    assert_eq!(clock().await["now"], "2026-12-04T08:00:00Z");
    assert!(browser.run("return location.hash").await.as_str().unwrap().contains("sandbox=ci-7"));

    // Monday is a working day, Tuesday 8 December is not.
    let shows = async |text: &str| browser.wait(&format!("document.querySelector('#madrid').textContent === '{text}'")).await;
    for (button, shown) in [
        ("#clock-hour", "Fri 04 Dec 2026 10:00:00"),
        ("#clock-day", "Mon 07 Dec 2026 10:00:00"),
        ("#clock-day", "Wed 09 Dec 2026 10:00:00"),
        ("#clock-opening", "Thu 10 Dec 2026 08:00:00"),
    ] {
        browser.click(button).await;
        shows(shown).await;
    }
    assert_eq!(clock().await["now"], "2026-12-10T07:00:00Z");
    browser.click("#clock-set").await;
    browser.run("document.querySelector('dialog [name=now]').value = '2026-12-12T12:00'").await;
    browser.choose("dialog [name=scale]", "3600").await;
    console.confirm().await;
    shows("Sat 12 Dec 2026 12:00:00").await;
    browser.wait("document.querySelector('#node').textContent === 'Central Node closed · opens Mon 14 Dec 08:00'").await;
    assert_eq!(clock().await["scale"], 3600);
    browser.click("#clock-freeze").await;
    browser.wait("document.querySelector('#clock-freeze').textContent === 'Freeze'").await;
    assert_eq!(clock().await["frozen"], false);

    // What happens here is not seen there.
    browser.click("#port-in").await;
    console.confirm().await;
    console.state("634443633", "AENV").await;
    browser.choose("#sandbox", "default").await;
    browser.wait(&format!("document.querySelector('#sandbox').value === 'default' && !{}", card("634443633"))).await;
    browser.choose("#sandbox", "ci-7").await;
    console.state("634443633", "AENV").await;
    browser.click("#sandbox-reset").await;
    browser.choose("dialog [name=seed]", "empty").await;
    console.confirm().await;
    browser.wait("document.querySelector('#org').options.length === 0").await;
    browser.click("#sandbox-delete").await;
    console.confirm().await;
    browser.wait("document.querySelector('#sandbox').value === 'default'").await;
    let names = console.get("/_mock/sandboxes", "default").await;
    assert_eq!(names.as_array().unwrap().len(), 1, "{names}");
    console.leave().await;
}

#[tokio::test]
async fn numbers_donors_faults_and_magic_numbers() {
    let database = database().await;
    let console = Console::open(&database).await;
    let browser = &console.browser;
    browser.type_keys("/").await;
    browser.wait("document.activeElement.id === 'number'").await;
    browser.type_keys("666777888").await;
    browser.press(Key::Enter).await;
    let found = browser.text("#number-result .halves").await;
    for part in ["masmovil", "mas-stack", "2140420422222227", "214040119172971", "yoigo (mas-stack)", "005 YOIGO", "741111"] {
        assert!(found.contains(part), "{part}: {found}");
    }

    browser.click("nav a:nth-child(3)").await;
    browser.choose("#donor-form [name=operator]", "075").await;
    browser.choose("#donor-form [name=answer]", "deny").await;
    browser.choose("#donor-form [name=cause]", "RECH_FMAYO").await;
    browser.fill("#donor-form [name=after]", "PT30M").await;
    browser.click("#donor-form button").await;
    browser.wait("document.querySelector('#donors-told').innerText.includes('RECH_FMAYO')").await;
    assert_eq!(console.get("/_mock/donors/075", "default").await["after"], "PT30M");

    browser.click("nav a:nth-child(4)").await;
    browser.choose("#fault-form [name=operation]", "getMsisdn").await;
    browser.choose("#fault-form [name=effect]", "status 500").await;
    browser.fill("#fault-form [name=count]", "2").await;
    browser.click("#fault-form button").await;
    browser.wait("document.querySelector('#faults-rules').innerText.includes('is answered 500')").await;
    let rule = console.get("/_mock/faults", "default").await["rules"][0].clone();
    assert_eq!((&rule["operation"], &rule["status"], &rule["count"]), (&"getMsisdn".into(), &500.into(), &2.into()), "{rule}");
    let token = given_token(&console.app).await;
    console.app.get("/v2/msisdns/666777888").token(&token).await.is(500);
    browser.wait("[...document.querySelectorAll('#entries .why')].some((why) => why.textContent === 'met fault 1')").await;
    browser.click("#faults-rules button").await;
    browser.wait("document.querySelector('#faults-rules').innerText === 'Nothing goes wrong.'").await;

    browser.click("nav a:nth-child(5)").await;
    browser.click("#magic-numbers [aria-label='Port in 607500105']").await;
    console.confirm().await;
    browser.type_keys("1").await;
    console.state("607500105", "ASOL").await;
    console.act("607500105", "step").await;
    console.state("607500105", "AREC").await;
    assert!(browser.run(&format!("return {}.innerText", card("607500105"))).await.as_str().unwrap().contains("RECH_PERDI"));
    console.leave().await;
}

/// What others have sent is shown as they sent it, and does nothing.
#[tokio::test]
async fn hostile_data_are_only_text() {
    let database = database().await;
    let console = Console::open(&database).await;
    let (browser, token) = (&console.browser, given_token(&console.app).await);
    let hostile = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>";
    let mut body = crate::mock::port_in("634443700", "1");
    body["external_reference"] = hostile[..60].into();
    body["subscriber"] = serde_json::json!({"document": "09288205T", "document_type": "NIF", "name": "<b>Eva</b>", "surname": hostile});
    console.app.post("/v1/orgs/masmovil/portabilities", &body).token(&token).await.is(201);
    console.app.get("/v2/msisdns/%3Cimg%20src=x%20onerror=alert(1)%3E?embed=%3Cscript%3E").token(&token).await.is(400);
    console.state("634443700", "ASOL").await;
    browser.run(&format!("{}.querySelector('details').open = true", card("634443700"))).await;
    let shown = browser.run(&format!("return {}.innerText", card("634443700"))).await;
    assert!(shown.as_str().unwrap().contains("<b>Eva</b> <img src=x"), "{shown}");
    browser.wait("document.querySelectorAll('#entries > details').length === 2").await;
    browser.run("document.querySelectorAll('#entries > details').forEach((entry) => { entry.open = true; })").await;
    browser.wait("document.querySelectorAll('#entries .body').length === 2").await;
    assert_eq!(browser.run("return document.querySelectorAll('main img, aside img, main script, aside script, b > b').length").await, 0);
    assert_eq!(browser.run("return document.title").await, "portero console");
    let trusted =
        browser.run("try { document.body.insertAdjacentHTML('beforeend', '<i></i>'); return 'parsed'; } catch { return 'refused'; }").await;
    assert_eq!(trusted, "refused");
}

/// A server with a key of its own gives no token: the reader brings one, which is kept for this tab alone.
#[tokio::test]
async fn a_token_of_ones_own() {
    let database = database().await;
    let app = App::serve(&database, &[]).await;
    let browser = Browser::open(&app.url).await;
    assert_eq!(browser.text("dialog[open] h2").await, "A token, please");
    browser.fill("dialog [name=token]", &format!("{}x", app.token(&["*"], "api:everything"))).await;
    browser.press(Key::Enter).await;
    browser.wait("document.querySelector('dialog[open] h2')?.textContent === 'This token does not hold'").await;
    browser.fill("dialog [name=token]", &app.token(&["*"], "api:everything")).await;
    browser.press(Key::Enter).await;
    browser.wait("document.body.dataset.ready && document.querySelector('#cards > article')").await;
    browser.go(&app.url).await;
    browser.wait("document.body.dataset.ready && document.querySelector('#cards > article')").await;
    assert_eq!(browser.run("return localStorage.length").await, 0);
}

/// Every text can be read on its ground, in both schemes: a contrast of 4.5 at least (WCAG 2.2, 1.4.3), but for what is switched off.
const UNREADABLE: &str = "
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
    const luminance = () => {
        const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map((part) => {
            const share = part / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const paint = (color) => { canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return luminance(); };
    const grounds = (element) => element ? [...grounds(element.parentElement), getComputedStyle(element).backgroundColor] : ['white'];
    const texts = [...document.querySelectorAll('body *')].filter((element) => element.checkVisibility() && !element.matches(':disabled, option, noscript *')
        && [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()));
    return [texts.length, texts.flatMap((element) => {
        let ground = 0;
        for (const color of grounds(element)) ground = paint(color);
        const ink = paint(getComputedStyle(element).color);
        const contrast = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
        return contrast < 4.5 ? [`${element.textContent.slice(0, 30)}: ${contrast.toFixed(2)}`] : [];
    })];";

#[tokio::test]
async fn light_and_dark_wide_and_narrow() {
    let database = database().await;
    let console = Console::open(&database).await;
    let browser = &console.browser;
    let mut grounds = Vec::new();
    for scheme in ["light", "dark"] {
        browser.prefer(scheme).await;
        grounds.push(browser.run("return getComputedStyle(document.body.parentElement).backgroundColor").await);
        for (width, height) in [(1440, 1000), (390, 844)] {
            browser.resize(width, height).await;
            for view in 1..=6 {
                browser.click(&format!("nav a:nth-child({view})")).await;
                browser.wait(&format!("document.querySelector('nav a:nth-child({view})').matches('[aria-current]')")).await;
                let unreadable = browser.run(UNREADABLE).await;
                assert!(unreadable[0].as_u64().unwrap() > 20);
                assert_eq!(unreadable[1], serde_json::json!([]), "{scheme}, {width} wide, view {view}");
                let overflow = browser.run("return document.scrollingElement.scrollWidth - document.documentElement.clientWidth").await;
                assert!(overflow.as_i64().unwrap() <= 0, "{scheme}, {width} wide, view {view}");
            }
        }
        browser.resize(1440, 1000).await;
    }
    assert_ne!(grounds[0], grounds[1]);
    console.leave().await;
}

/// Everything can be reached by Tab in the order in which it is read, and shows that it has the focus.
#[tokio::test]
async fn the_keyboard() {
    let database = database().await;
    let console = Console::open(&database).await;
    let browser = &console.browser;
    let mut reached = Vec::new();
    for _ in 0..22 {
        browser.press(Key::Tab).await;
        let focused = browser
            .run("const {activeElement: here} = document; return [here.id || here.textContent.trim(), getComputedStyle(here).outlineStyle]")
            .await;
        assert_eq!(focused[1], "solid", "{focused}");
        reached.push(focused[0].as_str().unwrap().to_owned());
    }
    let expected = [
        "Skip to the content",
        "portero",
        "sandbox",
        "sandbox-new",
        "sandbox-reset",
        "org",
        "API docs",
        "help",
        "clock-hour",
        "clock-due",
        "clock-opening",
        "clock-day",
        "clock-freeze",
        "clock-set",
        "Portabilities",
        "Numbers",
        "Donors",
        "Faults",
        "Magic numbers",
        "Journal",
        "drain",
        "port-out",
    ];
    assert_eq!(reached, expected);

    browser.type_keys("?").await;
    browser.wait("document.querySelector('dialog[open] kbd')").await;
    browser.type_keys("2").await;
    browser.press(Key::Escape).await;
    browser.wait("!document.querySelector('dialog[open]') && document.activeElement.id === 'port-out'").await;
    assert_eq!(browser.run("return document.body.dataset.view").await, "portabilities", "no shortcut works under a dialog");
    browser.type_keys("j").await;
    browser.type_keys("j").await;
    assert_eq!(browser.run("return [...document.querySelectorAll('#cards > article')].indexOf(document.activeElement)").await, 1);
    browser.type_keys("k").await;
    assert_eq!(browser.run("return [...document.querySelectorAll('#cards > article')].indexOf(document.activeElement)").await, 0);
    for (key, view) in [("2", "numbers"), ("3", "donors"), ("4", "faults"), ("5", "magic"), ("6", "journal"), ("1", "portabilities")] {
        browser.type_keys(key).await;
        browser.wait(&format!("document.body.dataset.view === '{view}'")).await;
    }
    // In a control, letters are text.
    browser.click("#filter").await;
    browser.type_keys("i2?").await;
    assert_eq!(
        browser.run("return [document.querySelector('#filter').value, document.querySelector('dialog').open]").await,
        serde_json::json!(["i2?", false])
    );
    console.leave().await;
}
