ALTER TABLE reservations DROP COLUMN complimentary;
UPDATE seats SET status = 'available', reservation_id = NULL
    FROM blocked_seats b WHERE b.schedule_id = seats.schedule_id AND b.number = seats.number;
UPDATE schedules SET remaining_seats = remaining_seats + n.blocked, sold_seats = sold_seats - n.blocked
    FROM (SELECT schedule_id, count(*)::integer AS blocked FROM blocked_seats GROUP BY schedule_id) AS n
    WHERE schedules.id = n.schedule_id;
DROP TABLE blocked_seats;
ALTER TABLE schedules DROP COLUMN sales_closed;
DROP TABLE admin_log;
DROP FUNCTION refuse_change_of_log;
DROP TABLE operator_keys;
