-- What later files, edits and estimates replaced: one row per replaced reading with what stands there now. For audits.
SELECT
    old.meter_id,
    old.channel,
    old.interval_start_utc,
    old.energy_kwh AS energy_kwh_before,
    now.energy_kwh AS energy_kwh_now,
    old.quality AS quality_before,
    now.quality AS quality_now,
    old.file AS file_before,
    now.file AS file_now,
    old.replaced_by_load,
    old.replaced_at_utc
FROM replaced_readings old
JOIN interval_readings now
    ON now.meter_id = old.meter_id
    AND now.channel = old.channel
    AND now.interval_start_utc = old.interval_start_utc
ORDER BY old.meter_id, old.channel, old.interval_start_utc, old.replaced_by_load
