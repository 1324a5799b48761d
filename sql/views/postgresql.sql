-- What people read: names instead of numbers, timestamps instead of seconds. One row per reading, finding or channel.
-- interval_start is the wall clock of the site, interval_start_utc the instant; timestamps have no zone. Energy in kWh.

CREATE OR REPLACE VIEW interval_readings AS
SELECT
    m.site_id,
    c.meter_id,
    c.channel,
    timestamp '1970-01-01' + (r.start_utc + (
        SELECT k.offset_seconds FROM clock_changes k
        WHERE k.timezone = coalesce(s.timezone, 'UTC') AND k.from_utc <= r.start_utc
        ORDER BY k.from_utc DESC LIMIT 1
    )) * interval '1 second' AS interval_start,
    timestamp '1970-01-01' + r.start_utc * interval '1 second' AS interval_start_utc,
    coalesce(r.minutes, c.interval_minutes) AS interval_minutes,
    r.energy_kwh,
    CASE WHEN r.raw_kwh IS NOT NULL THEN r.raw_kwh
         WHEN r.quality = 0 OR r.rule IS NULL OR r.rule IN (1, 20) THEN r.energy_kwh END AS original_kwh,
    CASE r.quality WHEN 0 THEN 'actual' WHEN 1 THEN 'estimated' WHEN 2 THEN 'edited' WHEN 3 THEN 'missing' END AS quality,
    r.method,
    r.rule,
    f.name AS file
FROM readings r
JOIN channels c ON c.channel_id = r.channel_id
JOIN meters m ON m.meter_id = c.meter_id
JOIN sites s ON s.site_id = m.site_id
LEFT JOIN files f ON f.file_id = r.file_id;

-- What interval_readings showed before a later file, edit or estimate replaced it.
CREATE OR REPLACE VIEW replaced_readings AS
SELECT
    c.meter_id,
    c.channel,
    timestamp '1970-01-01' + v.start_utc * interval '1 second' AS interval_start_utc,
    v.energy_kwh,
    v.raw_kwh,
    CASE v.quality WHEN 0 THEN 'actual' WHEN 1 THEN 'estimated' WHEN 2 THEN 'edited' WHEN 3 THEN 'missing' END AS quality,
    v.method,
    v.rule,
    f.name AS file,
    v.replaced_by_load,
    timestamp '1970-01-01' + v.replaced_utc * interval '1 second' AS replaced_at_utc
FROM reading_versions v
JOIN channels c ON c.channel_id = v.channel_id
LEFT JOIN files f ON f.file_id = v.file_id;

CREATE OR REPLACE VIEW finding_list AS
SELECT
    rule_id,
    meter_id,
    channel,
    timestamp '1970-01-01' + first_start_utc * interval '1 second' AS first_start_utc,
    timestamp '1970-01-01' + last_start_utc * interval '1 second' AS last_start_utc,
    intervals,
    detail,
    file,
    load_id
FROM findings;

CREATE OR REPLACE VIEW channel_list AS
SELECT
    m.site_id,
    c.meter_id,
    c.channel,
    c.interval_minutes,
    c.unit,
    timestamp '1970-01-01' + c.first_start_utc * interval '1 second' AS first_start_utc,
    timestamp '1970-01-01' + c.last_start_utc * interval '1 second' AS last_start_utc,
    s.timezone,
    m.name,
    m.serial,
    m.latitude,
    m.longitude,
    m.floor_area_m2,
    m.building_use,
    m.tariff
FROM channels c
JOIN meters m ON m.meter_id = c.meter_id
JOIN sites s ON s.site_id = m.site_id;

-- What is expected of the hours and local days to come, as it was said when it was issued.
CREATE OR REPLACE VIEW forecast_list AS
SELECT
    m.site_id,
    c.meter_id,
    c.channel,
    CASE p.interval_minutes WHEN 60 THEN 'hour' ELSE 'day' END AS grain,
    timestamp '1970-01-01' + (p.start_utc + (
        SELECT k.offset_seconds FROM clock_changes k
        WHERE k.timezone = coalesce(s.timezone, 'UTC') AND k.from_utc <= p.start_utc
        ORDER BY k.from_utc DESC LIMIT 1
    )) * interval '1 second' AS interval_start,
    timestamp '1970-01-01' + p.start_utc * interval '1 second' AS interval_start_utc,
    p.forecast_kwh,
    p.lower_kwh,
    p.upper_kwh,
    CASE p.interval_minutes WHEN 60 THEN i.hourly_model ELSE i.daily_model END AS model,
    timestamp '1970-01-01' + i.issued_utc * interval '1 second' AS issued_at_utc,
    i.load_id
FROM forecasts p
JOIN forecast_issues i ON i.channel_id = p.channel_id
JOIN channels c ON c.channel_id = p.channel_id
JOIN meters m ON m.meter_id = c.meter_id
JOIN sites s ON s.site_id = m.site_id;

-- How wrong each model would have been on the past of each channel, and which one is used.
CREATE OR REPLACE VIEW forecast_score_list AS
SELECT
    c.meter_id,
    c.channel,
    CASE e.interval_minutes WHEN 60 THEN 'hour' ELSE 'day' END AS grain,
    e.model,
    e.horizon_days,
    e.mae_kwh,
    e.rmse_share,
    e.mase,
    e.coverage,
    e.origins,
    e.is_chosen
FROM forecast_scores e
JOIN channels c ON c.channel_id = e.channel_id;

CREATE OR REPLACE VIEW anomaly_list AS
SELECT
    m.site_id,
    c.meter_id,
    c.channel,
    timestamp '1970-01-01' + a.first_start_utc * interval '1 second' AS first_start_utc,
    timestamp '1970-01-01' + a.last_start_utc * interval '1 second' AS last_start_utc,
    a.hours,
    a.energy_kwh,
    a.expected_kwh,
    a.over_kwh,
    a.direction,
    a.cause,
    a.score,
    a.rules,
    a.detail
FROM anomalies a
JOIN channels c ON c.channel_id = a.channel_id
JOIN meters m ON m.meter_id = c.meter_id;
