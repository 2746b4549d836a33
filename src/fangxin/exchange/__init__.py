"""Files and interfaces of 12345 and 12315 (数据交换): orders in, dispositions out."""
