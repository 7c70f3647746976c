module example.com/time-service

go 1.26
