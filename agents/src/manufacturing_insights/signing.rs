//! Gates that people sign: in their order, each once, and only what holds.

use super::control::{Capa, failures_max};
use super::{ManufacturingInsights, State};
use messages::Timestamp;
use messages::capa::{
    CapaClosed, CapaRefused, CapaSigned, CapaState, CapaUpdated, Gate, Statement,
};
use runtime::Ctx;

impl ManufacturingInsights {
    pub(super) fn signed(&self, state: &mut State, signed: &CapaSigned, ctx: &mut Ctx<'_, Self>) {
        let capa = state.control.capas.iter_mut().find(|capa| capa.id == signed.capa);
        let Some(capa) = capa else {
            return refuse(signed, format!("CAPA `{}` is not known here", signed.capa), ctx);
        };
        let gate = signed.statement.gate();
        let sound = signed.statement.check().map_err(|refusal| refusal.to_string());
        match sound.and_then(|()| refusal(capa, &signed.statement, ctx.now())) {
            Err(reason) => return refuse(signed, reason, ctx),
            Ok(()) => take(capa, &signed.statement, ctx.now()),
        }
        let updated = capa.updated(ctx.key(), format!("{} signed {gate}", signed.by));
        ctx.publish(&CapaUpdated {
            gate: Some(gate),
            statement: Some(signed.statement.clone()),
            by: Some(signed.by.clone()),
            effectiveness: capa.effectiveness(ctx.now()),
            ..updated
        });
        if let Statement::Closure { summary } = &signed.statement
            && let Some(effectiveness) = capa.met.clone()
        {
            ctx.publish(&CapaClosed {
                capa: capa.id,
                population: signed.population.clone(),
                component: capa.component.clone(),
                by: signed.by.clone(),
                summary: summary.clone(),
                effectiveness,
            });
        }
        state.control.time_containment(ctx);
    }
}

fn refuse(signed: &CapaSigned, reason: String, ctx: &mut Ctx<'_, ManufacturingInsights>) {
    ctx.publish(&CapaRefused {
        capa: signed.capa,
        population: signed.population.clone(),
        gate: signed.statement.gate(),
        by: signed.by.clone(),
        reason,
    });
}

/// Why a sound statement cannot be signed as the CAPA stands.
fn refusal(capa: &Capa, statement: &Statement, now: Timestamp) -> Result<(), String> {
    let gate = statement.gate();
    if capa.state == CapaState::Closed {
        return Err(format!("the CAPA is closed; {gate} can be signed no more"));
    }
    if let Some(at) = capa.signed.get(&gate) {
        let why = match gate {
            Gate::D5 => "; a criterion is fixed before the action and is not changed after",
            _ => "",
        };
        return Err(format!("{gate} was signed at {at}{why}"));
    }
    let before = Gate::ALL.into_iter().take_while(|other| *other < gate);
    if let Some(missing) = before.into_iter().find(|other| !capa.signed.contains_key(other)) {
        return Err(format!("{gate} waits for {missing}; sign {missing} first"));
    }
    match statement {
        Statement::Action { criterion, .. } => {
            failures_max(*criterion, capa.per_year).map(drop).ok_or_else(|| {
                format!(
                    "the criterion cannot be met even without a failure; ask for more `life_days` \
                     than {} or a higher `ratio_max` than {}",
                    criterion.life_days, criterion.ratio_max
                )
            })
        }
        Statement::Implemented { effective_from: Some(from), .. } => {
            let fixed = capa.signed.get(&Gate::D5).copied().unwrap_or(now);
            match *from < fixed {
                true => Err(format!(
                    "the criterion was fixed at {fixed}, after the action took effect at {from}; \
                     it must be fixed before"
                )),
                false => Ok(()),
            }
        }
        Statement::Closure { .. } if capa.met.is_none() => {
            let stands = capa.effectiveness(now).map_or(String::new(), |it| {
                format!(
                    ": {} failures in {:.0} days of life so far",
                    it.failures,
                    it.life_days.get()
                )
            });
            Err(format!("the criterion is not decided{stands}; D8 waits for it"))
        }
        _ => Ok(()),
    }
}

/// Takes a signature.
fn take(capa: &mut Capa, statement: &Statement, now: Timestamp) {
    capa.signed.insert(statement.gate(), now);
    match statement {
        Statement::Containment { .. } => capa.state = CapaState::Contained,
        Statement::RootCause { .. } => capa.state = CapaState::Rca,
        Statement::Action { criterion, .. } => {
            capa.criterion = Some(*criterion);
            capa.state = CapaState::Action;
        }
        Statement::Implemented { effective_from, .. } => {
            capa.watch(effective_from.unwrap_or(now));
            capa.state = CapaState::Verifying;
        }
        Statement::Prevention { .. } => {}
        Statement::Closure { .. } => capa.state = CapaState::Closed,
    }
}
