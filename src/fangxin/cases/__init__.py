"""Complaints, reports and consultations (投诉、举报、咨询) from receipt to closing."""
