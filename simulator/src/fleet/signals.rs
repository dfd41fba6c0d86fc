//! What a vehicle's sensors say of its state: physics, noise, faults, and the sensors' own faults, in this order.

use super::fault::FaultKind;
use super::motion::{STANDING_KMH, engine_rpm};
use super::parameters::Body;
use super::vehicle::Vehicle;
use super::world::World;
use messages::finite::Finite;
use messages::telemetry::TroubleCode;

/// Channels that simulated vehicles send, as the profile names them.
pub(super) const CHANNELS: [&str; 11] = [
    "engine_speed",
    "coolant_temperature",
    "oil_pressure",
    "battery_voltage",
    "brake_pad_wear",
    "tyre_pressure",
    "vibration_rms",
    "speed",
    "fuel_rate",
    "ambient_temperature",
    "odometer",
];

/// One value per channel.
pub(super) type Values = [Option<Finite>; CHANNELS.len()];

/// Pressure of the air, in kPa: tyres show what is above it.
const ATMOSPHERE_KPA: f64 = 101.3;
const KELVIN: f64 = 273.15;

/// Noise of one sample. All of it is drawn every time, whatever is used, so that a fault changes no other number.
struct Draws {
    fast: [f64; CHANNELS.len()],
    jitter: f64,
    lost: f64,
    lost_length: f64,
    missing: f64,
}

impl Vehicle {
    /// Measures everything now; nothing when the sample is lost on its way.
    pub(super) fn measure(&mut self, world: &World) -> Option<Values> {
        let seconds = (self.now - self.measured_at) as f64 / 1_000.0;
        self.measured_at = self.now;
        if let Some(trip) = self.present_trip() {
            let traffic = &world.parameters.traffic[usize::from(trip.traffic)];
            self.motion.advance(traffic, &world.parameters.body, seconds, &mut self.noise);
        }
        self.wander(world, seconds);
        let draws = self.draw();
        let mut values = self.values(world, &draws);
        self.sensors(world, &mut values);
        let is_lost = self.lose(seconds, &draws);
        let missing = (draws.missing / self.traits.missing_share) as usize;
        if let Some(value) = values.get_mut(missing) {
            *value = None;
        }
        (!is_lost).then(|| finite(world, &values))
    }

    /// Measures nothing, because nobody hears it.
    pub(super) const fn measure_nothing(&mut self) {
        self.measured_at = self.now;
    }

    fn wander(&mut self, world: &World, seconds: f64) {
        let noises = [
            self.traits.coolant_noise,
            world.battery_noise,
            world.oil_noise,
            world.vibration_noise,
        ];
        for (value, noise) in self.body.wander.iter_mut().zip(noises) {
            let kept = (-seconds / noise.seconds).exp();
            let drawn = self.noise.normal();
            *value = *value * kept + noise.slow * (1.0 - kept * kept).sqrt() * drawn;
        }
    }

    fn draw(&mut self) -> Draws {
        Draws {
            fast: std::array::from_fn(|_| self.noise.normal()),
            jitter: self.noise.normal(),
            lost: self.noise.unit(),
            lost_length: self.noise.exponential(1.0),
            missing: self.noise.unit(),
        }
    }

    /// Whether this sample is lost: gaps begin while driving.
    fn lose(&mut self, seconds: f64, draws: &Draws) -> bool {
        // Whoever looks rarely meets a gap as often as there is one at that moment.
        let looked = seconds.min(self.traits.gap_seconds);
        let expected = self.traits.gaps_per_hour * looked / 3_600.0;
        if self.present_trip().is_some() && draws.lost < 1.0 - (-expected).exp() {
            let length = self.traits.gap_seconds * draws.lost_length;
            self.lost_until = self.now + (length * 1_000.0) as i64;
            return true;
        }
        self.now < self.lost_until
    }

    fn values(&self, world: &World, draws: &Draws) -> [Option<f64>; CHANNELS.len()] {
        let body = &world.parameters.body;
        let outside = world.ambient(&self.traits, self.now);
        let runs = self.present_trip().is_some();
        let kmh = if runs { self.motion.kmh } else { 0.0 };
        let rpm = if runs { self.rpm(world, kmh, draws) } else { 0.0 };
        let shown = if runs { rpm + self.jitter(world) * draws.jitter } else { 0.0 };
        let ambient_noise = body.ambient_noise * world.noise * draws.fast[9];
        [
            Some(shown),
            Some(self.coolant(world, outside, draws.fast[1])),
            Some(if runs { self.oil(world, rpm, draws.fast[2]) } else { 0.0 }),
            Some(self.battery(world, outside, runs, draws.fast[3])),
            Some(self.pads(world, draws.fast[4])),
            Some(self.tyre(world, outside, draws.fast[5])),
            Some(if runs { self.vibration(world, rpm, draws) } else { body.vibration_parked }),
            Some(self.speedometer(world, kmh, draws.fast[7])),
            runs.then(|| self.fuel(world, kmh, draws.fast[8])),
            Some(outside + ambient_noise),
            Some(self.body.metres),
        ]
    }

    /// How fast the engine turns, misfires apart: what they add is too short for oil and mounts to follow.
    fn rpm(&self, world: &World, kmh: f64, draws: &Draws) -> f64 {
        let rpm = engine_rpm(&world.parameters.body, self.traits.idle_rpm, kmh);
        rpm + self.traits.idle_noise * draws.fast[0]
    }

    fn jitter(&self, world: &World) -> f64 {
        let misfire = &world.parameters.fault[&FaultKind::Misfire];
        misfire.engine_speed_jitter * self.share(world, FaultKind::Misfire)
    }

    fn coolant(&self, world: &World, outside: f64, fast: f64) -> f64 {
        // What the thermostat does shows once it opens.
        let warm = ((self.body.engine_celsius - 60.0) / 25.0).clamp(0.0, 1.0);
        let noise = self.traits.coolant_noise;
        let regulation = self.body.coolant_trip + self.body.wander[0] + noise.fast * fast;
        let hot = 1.0 + 0.01 * (outside - 25.0);
        let held = self.regulated(world, outside).min(self.body.engine_celsius);
        held + warm * regulation + self.body.excess_celsius * hot
    }

    fn oil(&self, world: &World, rpm: f64, fast: f64) -> f64 {
        let (body, noise) = (&world.parameters.body, world.oil_noise);
        // The engine's own heat, not what a worn coolant pump adds: the oil has its cooler.
        let cold = ((80.0 - self.body.engine_celsius) / 60.0).clamp(0.0, 1.0);
        let turning = self.traits.oil_per_rpm * (rpm - self.traits.idle_rpm).max(0.0);
        let pressure = (self.traits.oil_idle + turning + body.oil_cold * cold).min(body.oil_relief);
        let kept = (1.0 - self.effect(world, FaultKind::OilPumpWear)).max(0.0);
        pressure * kept + self.body.wander[2] + noise.fast * fast
    }

    fn battery(&self, world: &World, outside: f64, runs: bool, fast: f64) -> f64 {
        let (body, noise) = (&world.parameters.body, world.battery_noise);
        if runs {
            let wanders = self.body.battery_trip + self.body.wander[1] + noise.fast * fast;
            let charged = self.traits.battery_running + body.battery_by_ambient * (outside - 25.0);
            return charged + wanders - self.effect(world, FaultKind::AlternatorDecay);
        }
        let parked = (self.now - self.body.parked_at) as f64 / 1_000.0;
        let surface = body.battery_surface.volts * (-parked / body.battery_surface.seconds).exp();
        let empties = world.parameters.fault[&FaultKind::AlternatorDecay].battery_rest
            * self.share(world, FaultKind::AlternatorDecay);
        self.traits.battery_rest + surface + noise.fast / 4.0 * fast - empties
    }

    fn pads(&self, world: &World, fast: f64) -> f64 {
        let kind = FaultKind::BrakePadWear;
        let worn = self.body.pad_worn;
        let failing = self.wears.iter().filter(|wear| wear.kind == kind);
        let growth = &world.parameters.growth;
        let effect = |wear: &super::wear::Wear| {
            (wear.size - worn).max(0.0)
                * wear.effect(&world.parameters.fault[&kind], growth, self.now)
        };
        worn + failing.map(effect).sum::<f64>()
            + world.parameters.body.pad_noise * world.noise * fast
    }

    fn tyre(&self, world: &World, outside: f64, fast: f64) -> f64 {
        let body = &world.parameters.body;
        let place = usize::from(self.traits.centre);
        let filled_at = world.parameters.centre[place].climate.mean + KELVIN;
        let now = outside + self.body.tyre_warmth + KELVIN;
        let pressure = (self.traits.tyre_cold + ATMOSPHERE_KPA) * now / filled_at - ATMOSPHERE_KPA;
        let lost = self.effect(world, FaultKind::TyreSlowLeak);
        (pressure - lost).max(0.0) + body.tyre_noise * world.noise * fast
    }

    fn vibration(&self, world: &World, rpm: f64, draws: &Draws) -> f64 {
        let growth = &world.parameters.growth;
        let turning = self.traits.vibration_per_rpm * (rpm - self.traits.idle_rpm).max(0.0);
        let mut vibration = self.traits.vibration_idle + turning;
        for wear in &self.wears {
            let Some(fault) = world.parameters.fault.get(&wear.kind) else { continue };
            vibration += fault.vibration * wear.effect(fault, growth, self.now);
        }
        vibration += self.effect(world, FaultKind::Misfire);
        vibration += self.body.wander[3] + world.vibration_noise.fast * draws.fast[6];
        vibration.max(0.0)
    }

    fn speedometer(&self, world: &World, kmh: f64, fast: f64) -> f64 {
        if kmh < STANDING_KMH {
            return 0.0;
        }
        (kmh + world.parameters.body.speed_noise * world.noise * fast).max(0.0)
    }

    fn fuel(&self, world: &World, kmh: f64, fast: f64) -> f64 {
        let body = &world.parameters.body;
        let share = world.parameters.fault[&FaultKind::Misfire].fuel_share;
        let misfires = 1.0 + share * self.share(world, FaultKind::Misfire);
        let driven = rolling(body, self.traits.fuel_per_100km, kmh);
        let idling = 100.0 * self.traits.fuel_idle / kmh.max(STANDING_KMH);
        let noise = body.fuel_noise * world.noise * fast;
        ((driven + idling) * misfires + noise).clamp(0.0, body.fuel_shown_max)
    }

    /// How far faults of this kind are developed, shaped as their effects are.
    fn share(&self, world: &World, kind: FaultKind) -> f64 {
        let growth = &world.parameters.growth;
        let own = self.wears.iter().filter(|wear| wear.kind == kind);
        own.map(|wear| wear.effect(&world.parameters.fault[&kind], growth, self.now)).sum()
    }

    /// What faulty sensors make of it.
    fn sensors(&mut self, world: &World, values: &mut [Option<f64>; CHANNELS.len()]) {
        let (growth, now) = (&world.parameters.growth, self.now);
        for wear in self.wears.iter_mut().filter(|wear| wear.starts <= now) {
            // Faults of the vehicle itself are of no one sensor.
            let Some(value) = values.get_mut(usize::from(wear.channel)) else { continue };
            match wear.kind {
                FaultKind::SensorDrift => {
                    let gone = wear.size * wear.severity(growth, now);
                    *value = value.map(|value| value + gone);
                }
                FaultKind::SensorStuck => {
                    // A value that is missing at first is not what it is stuck at.
                    wear.held = wear.held.or(*value);
                    *value = wear.held;
                }
                FaultKind::SensorDropout => *value = None,
                _ => {}
            }
        }
    }

    /// The trouble codes that are set.
    pub(super) fn codes(&self, world: &World) -> Vec<TroubleCode> {
        let needed = (world.parameters.growth.code_hours * 3_600.0) as f32;
        let mut codes = Vec::new();
        for wear in &self.wears {
            let Some(fault) = world.parameters.fault.get(&wear.kind) else { continue };
            for (code, seconds) in fault.codes.iter().zip(wear.code_seconds) {
                if seconds >= needed {
                    codes.push(code.code());
                }
            }
        }
        codes.sort();
        codes.dedup();
        codes
    }
}

/// Consumption of a moving vehicle without what its engine needs to turn, in l/100 km: half of it grows with drag.
fn rolling(body: &Body, at_80kmh: f64, kmh: f64) -> f64 {
    if kmh < STANDING_KMH {
        return body.fuel_shown_max;
    }
    at_80kmh * (0.5 + 0.5 * (kmh / 80.0).powi(2)) * 0.85
}

/// Values as sensors send them: in steps of their resolution, within their range.
fn finite(world: &World, values: &[Option<f64>; CHANNELS.len()]) -> Values {
    std::array::from_fn(|place| {
        let channel = world.channel(place);
        let [low, high] = channel.range;
        let stepped = (values[place]? / channel.step).round() * channel.step;
        Finite::new(stepped.clamp(low, high)).ok()
    })
}
