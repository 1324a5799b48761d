-- How much of each channel was really measured: one row per channel, energy in kWh, shares of its intervals. For people.
SELECT
    meter_id,
    channel,
    COUNT(*) AS intervals,
    SUM(energy_kwh) AS energy_kwh,
    AVG(CASE quality WHEN 'actual' THEN 1.0 ELSE 0.0 END) AS actual_share,
    AVG(CASE quality WHEN 'estimated' THEN 1.0 ELSE 0.0 END) AS estimated_share
FROM interval_readings
GROUP BY meter_id, channel
ORDER BY meter_id, channel
