//! Following redirects, as far as a test allows.

use crate::model::{FaultKind, HttpFault, Phase, Stopped, Value};
use crate::probe::exchange::{Answer, Prepared, Security, ask, is_redirect, redirected, tls_for};
use crate::probe::look::{Halt, Look};
use crate::probe::request::body;

/// Asks, and follows at most `most` redirects; with 0 a redirect is an answer like any other.
pub(super) async fn follow(
    look: &mut Look<'_>,
    first: &Prepared,
    security: Security,
    most: usize,
) -> Result<Answer, Stopped> {
    let answer = ask(look, first, &security).await?;
    if most > 0 && is_redirect(answer.status) {
        // In a box: most looks follow nothing, and need no room for it.
        return Box::pin(chase(look, first, answer, most)).await;
    }
    look.fact("redirects", Value::List(Vec::new()));
    Ok(answer)
}

async fn chase(
    look: &mut Look<'_>,
    first: &Prepared,
    mut answer: Answer,
    most: usize,
) -> Result<Answer, Stopped> {
    let mut followed = Vec::new();
    let mut asked = None;
    while is_redirect(answer.status) {
        let here = asked.as_ref().unwrap_or(first);
        let mask = &look.ctx.shared.mask;
        let next = if followed.len() == most {
            Err(format!("more than `redirects: {most}`"))
        } else {
            redirected(here, answer.status, &answer.headers, mask)
        };
        let next = match next {
            Ok(next) => next,
            Err(why) => {
                body::see_head(look, &answer);
                look.fact("redirects", Value::List(followed));
                let message = format!("{} redirects, and is not followed: {why}", here.url());
                let halt = Halt::fault(FaultKind::Http(HttpFault::Redirect), message);
                return Err(look.stop(Phase::FirstByte, halt));
            }
        };
        answer.pass_over(look).await?;
        followed.push(Value::Text(next.url()));
        look.fact("redirects", Value::List(followed.clone()));
        // Of the place that redirected; where this leads to has to be reached yet.
        for name in ["proxy", "remote_ip", "family"] {
            look.forget(name);
        }
        let security = tls_for(look.ctx, &next).await?;
        answer = ask(look, &next, &security).await?;
        asked = Some(next);
    }
    look.fact("redirects", Value::List(followed));
    Ok(answer)
}
