//! Sessions in contexts and futures.

use super::*;

#[test]
fn ids_are_bounded_and_have_no_control_characters() {
    for (given, kept) in
        [("s-1", "s-1"), ("  s-1\n", "s-1"), ("a\u{0}b\r\nc", "abc"), ("", ""), ("\u{7}", "")]
    {
        assert_eq!(Session::new(given).id(), kept, "{given:?}");
    }
    let long = Session::new(&"ü".repeat(1000));
    assert_eq!(long.id().len(), 256);
}

#[test]
fn a_session_keeps_other_baggage_and_replaces_the_session_before_it() {
    let mut baggage = Baggage::new();
    baggage.insert("tenant", "t");
    let _tenant = Context::current_with_baggage(baggage).attach();
    let _first = Session::new("first").attach();
    {
        let _second = Session::new("second").attach();
        assert_eq!(Session::current(), Some(Session::new("second")));
        let tenant = Context::map_current(|context| context.baggage().get("tenant").cloned());
        assert_eq!(tenant.map(|tenant| tenant.to_string()).as_deref(), Some("t"));
    }
    assert_eq!(Session::current(), Some(Session::new("first")));
    let _none = Session::new("").attach();
    assert_eq!(Session::current(), Some(Session::new("first")));
}

#[tokio::test]
async fn a_future_has_its_session_in_every_poll_and_nobody_else_has_it() {
    let work = Session::new("s").instrument(async {
        let before = Session::current();
        tokio::task::yield_now().await;
        (before, Session::current())
    });
    let other = async {
        tokio::task::yield_now().await;
        Session::current()
    };
    let ((before, after), outside) = tokio::join!(work, other);
    assert_eq!((before, after), (Some(Session::new("s")), Some(Session::new("s"))));
    assert_eq!(outside, None);
}
