use sse_codec::{End, Millis, Policy, Reconnect, ReconnectConfig, Response};

crate::entries! {
    fn entry_reconnect_config(config: ReconnectConfig, other: &ReconnectConfig, time: Millis, number: u32) {
        ReconnectConfig::new();
        ReconnectConfig::default();
        config.with_base(time);
        config.with_floor(time);
        config.with_longest(time);
        config.with_longest_asked(time);
        config.with_jitter(number as u8);
        config.with_proof(time);
        config.with_attempts(number);
        config.with_policy(if number == 0 { Policy::Standard } else { Policy::Tolerant });
        config == *other;
    }

    fn entry_reconnect(
        reconnect: &mut Reconnect,
        config: ReconnectConfig,
        now: Millis,
        response: &Response<'_>,
        retry: Option<Millis>,
        end: End,
        number: u32,
    ) {
        Reconnect::new(config, number);
        reconnect.on_response(now, *response, retry);
        reconnect.on_heard(now);
        reconnect.on_end(now, end, retry, number == 0);
        reconnect.restart();
        reconnect.failures();
        reconnect.clone();
    }
}
